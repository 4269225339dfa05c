{#
    What the merge needs of an engine beyond plain SQL: lists, structs, maps, hashes, ordered aggregates, files.
    Another engine adds its `<engine>__` twin here; models do not change.
#}

{# A query over Parquet files that may have different columns (a missing column is null): of all columns, or of those named. #}
{% macro read_batches(files, columns='*') %}{{ return(adapter.dispatch('read_batches')(files, columns)) }}{% endmacro %}
{% macro duckdb__read_batches(files, columns) -%}
    {%- set quoted = [] -%}
    {%- for file in files -%}{%- do quoted.append("'" ~ file.replace("'", "''") ~ "'") -%}{%- endfor -%}
    {{ return("select " ~ columns ~ " from read_parquet([" ~ quoted | join(', ') ~ "], union_by_name = true)") }}
{%- endmacro %}
{# One pattern for all, {a/part,b/part}, whose schemas Spark merges (spark.sql.parquet.mergeSchema in profiles.yml): files lie two folders deep in one. #}
{% macro spark__read_batches(files, columns) -%}
    {%- set folder = files[0].split('/')[:-2] | join('/') -%}
    {%- set tails = [] -%}
    {%- for file in files -%}{%- do tails.append(file[(folder | length + 1):]) -%}{%- endfor -%}
    {{ return("select " ~ columns ~ " from parquet.`" ~ folder ~ "/{" ~ tails | join(',') ~ "}`") }}
{%- endmacro %}

{# A query over a file of comma-separated values with a header, all as text; an empty one is null. #}
{% macro read_csv_file(path) %}{{ return(adapter.dispatch('read_csv_file')(path)) }}{% endmacro %}
{% macro duckdb__read_csv_file(path) %}{{ return("select * from read_csv('" ~ path.replace("'", "''") ~ "', header = true, all_varchar = true, nullstr = '')") }}{% endmacro %}
{# Spark has no function for it, but views. #}
{% macro spark__read_csv_file(path) -%}
    {%- set view = 'file_' ~ local_md5(path) -%}
    {%- do run_query("create or replace temporary view " ~ view ~ " using csv options (path '" ~ path ~ "', header 'true', multiLine 'true', escape '\"')") -%}
    {{ return("select * from " ~ view) }}
{%- endmacro %}

{# The whole text of a small file, read while dbt runs. #}
{% macro file_text(path) %}{{ return(adapter.dispatch('file_text')(path)) }}{% endmacro %}
{% macro duckdb__file_text(path) -%}
    {{ return(run_query(duckdb__file_content(path)).rows[0][0]) }}
{%- endmacro %}
{% macro spark__file_text(path) -%}
    {{ return(run_query(spark__file_content(path)).rows[0][0]) }}
{%- endmacro %}

{# A 64-bit hash of the values in order; only compared within one build, and with what builds of the same engine have kept. #}
{% macro row_hash(values) %}{{ return(adapter.dispatch('row_hash')(values)) }}{% endmacro %}
{% macro duckdb__row_hash(values) %}{{ return("hash(" ~ values | join(', ') ~ ")") }}{% endmacro %}
{# Spark's hash passes over nulls, so that (null, a) would be (a, null). #}
{% macro spark__row_hash(values) -%}
    {%- set texts = [] -%}
    {%- for value in values -%}{%- do texts.append("coalesce(cast(" ~ value ~ " as string), '\u0001')") -%}{%- endfor -%}
    {{ return("xxhash64(" ~ texts | join(', ') ~ ")") }}
{%- endmacro %}

{# SHA-256 as hexadecimal text: the same in every build and on every engine. #}
{% macro sha256_text(x) %}{{ return(adapter.dispatch('sha256_text')(x)) }}{% endmacro %}
{% macro duckdb__sha256_text(x) %}{{ return("sha256(" ~ x ~ ")") }}{% endmacro %}
{% macro spark__sha256_text(x) %}{{ return("sha2(" ~ x ~ ", 256)") }}{% endmacro %}

{# The hash of a text that only this installation can make (catalogue/secret.py). #}
{% macro keyed_hash(x) -%}
    {%- set inner = sha256_text("(select inner_key from installation_secret) || " ~ x) -%}
    {{ return(sha256_text("(select outer_key from installation_secret) || " ~ inner)) }}
{%- endmacro %}

{# A query for both keys. It names the file: no statement, so no log and no compiled model, has the keys themselves. #}
{% macro secret_keys(path) -%}
    {{ return("select substr(content, 1, 64) as inner_key, substr(content, 65, 64) as outer_key from (" ~ adapter.dispatch('file_content')(path) ~ ") as file") }}
{%- endmacro %}
{% macro duckdb__file_content(path) %}{{ return("select content from read_text('" ~ path.replace("'", "''") ~ "')") }}{% endmacro %}
{% macro spark__file_content(path) %}{{ return("select cast(content as string) as content from binaryFile.`" ~ path ~ "`") }}{% endmacro %}

{# Whole seconds since 1970 of a timestamp. #}
{% macro epoch_seconds(x) %}{{ return(adapter.dispatch('epoch_seconds')(x)) }}{% endmacro %}
{% macro duckdb__epoch_seconds(x) %}{{ return("(epoch_ms(" ~ x ~ ") // 1000)") }}{% endmacro %}
{% macro spark__epoch_seconds(x) %}{{ return("timestampdiff(second, timestamp '1970-01-01 00:00:00', " ~ x ~ ")") }}{% endmacro %}

{#
    A claim's order: two whole numbers of 41 and 63 bits side by side, compared as one. Shifts and masks take them apart:
    dividing such a number costs fifty times as much.
#}
{% macro order_type() %}{{ return(adapter.dispatch('order_type')()) }}{% endmacro %}
{% macro duckdb__order_type() %}{{ return("hugeint") }}{% endmacro %}
{% macro spark__order_type() %}{{ return("decimal(38, 0)") }}{% endmacro %}

{% macro order_of(high, low) %}{{ return(adapter.dispatch('order_of')(high, low)) }}{% endmacro %}
{% macro duckdb__order_of(high, low) %}{{ return("(cast(" ~ high ~ " as hugeint) * 9223372036854775808 + " ~ low ~ ")") }}{% endmacro %}
{% macro spark__order_of(high, low) %}{{ return("(cast(" ~ high ~ " as decimal(38, 0)) * 9223372036854775808 + " ~ low ~ ")") }}{% endmacro %}

{# The order with `more` added to its first number. #}
{% macro order_after(order, more) %}{{ return(adapter.dispatch('order_after')(order, more)) }}{% endmacro %}
{% macro duckdb__order_after(order, more) %}{{ return("(" ~ order ~ " + cast(" ~ more ~ " as hugeint) * 9223372036854775808)") }}{% endmacro %}
{% macro spark__order_after(order, more) %}{{ return("(" ~ order ~ " + cast(" ~ more ~ " as decimal(38, 0)) * 9223372036854775808)") }}{% endmacro %}

{# The second number of an order. #}
{% macro order_low(order) %}{{ return(adapter.dispatch('order_low')(order)) }}{% endmacro %}
{% macro duckdb__order_low(order) %}{{ return("cast(" ~ order ~ " & 9223372036854775807::hugeint as bigint)") }}{% endmacro %}
{% macro spark__order_low(order) %}{{ return("cast(" ~ order ~ " % 9223372036854775808 as bigint)") }}{% endmacro %}

{# Some bits of a 63-bit number, as a number. #}
{% macro bits_of(x, shift, mask) %}{{ return(adapter.dispatch('bits_of')(x, shift, mask)) }}{% endmacro %}
{% macro duckdb__bits_of(x, shift, mask) %}{{ return("((" ~ x ~ " >> " ~ shift ~ ") & " ~ mask ~ ")") }}{% endmacro %}
{% macro spark__bits_of(x, shift, mask) %}{{ return("(shiftright(" ~ x ~ ", " ~ shift ~ ") & " ~ mask ~ ")") }}{% endmacro %}

{# Whole-number division. #}
{% macro whole_part(x, by) %}{{ return(adapter.dispatch('whole_part')(x, by)) }}{% endmacro %}
{% macro duckdb__whole_part(x, by) %}{{ return("(" ~ x ~ " // " ~ by ~ ")") }}{% endmacro %}
{% macro spark__whole_part(x, by) %}{{ return("(" ~ x ~ " div " ~ by ~ ")") }}{% endmacro %}

{# The value that stands at the smallest order, among rows of the condition. #}
{% macro first_by(value, order, condition) %}{{ return(adapter.dispatch('first_by')(value, order, condition)) }}{% endmacro %}
{% macro duckdb__first_by(value, order, condition) %}{{ return("arg_min(" ~ value ~ ", " ~ order ~ ") filter (where " ~ condition ~ ")") }}{% endmacro %}
{# DuckDB passes over rows without a value by itself. #}
{% macro spark__first_by(value, order, condition) -%}
    {{ return("min_by(" ~ value ~ ", " ~ order ~ ") filter (where (" ~ condition ~ ") and " ~ value ~ " is not null)") }}
{%- endmacro %}

{% macro list_of(items) %}{{ return(adapter.dispatch('list_of')(items)) }}{% endmacro %}
{% macro duckdb__list_of(items) %}{{ return("[" ~ items | join(', ') ~ "]") }}{% endmacro %}
{% macro spark__list_of(items) %}{{ return("array(" ~ items | join(', ') ~ ")") }}{% endmacro %}

{# An empty list of a type given in DuckDB's spelling. #}
{% macro no_list(type) %}{{ return(adapter.dispatch('no_list')(type)) }}{% endmacro %}
{% macro duckdb__no_list(type) %}{{ return("cast([] as " ~ type ~ "[])") }}{% endmacro %}
{% macro spark__no_list(type) %}{{ return("cast(array() as array<" ~ type_of(type) ~ ">)") }}{% endmacro %}

{# `fields`: pairs (name, expression). #}
{% macro struct_of(fields) %}{{ return(adapter.dispatch('struct_of')(fields)) }}{% endmacro %}
{% macro duckdb__struct_of(fields) -%}
    {%- set parts = [] -%}
    {%- for name, expression in fields -%}{%- do parts.append("'" ~ name ~ "': " ~ expression) -%}{%- endfor -%}
    {{ return("{" ~ parts | join(', ') ~ "}") }}
{%- endmacro %}
{% macro spark__struct_of(fields) -%}
    {%- set parts = [] -%}
    {%- for name, expression in fields -%}{%- do parts.append("'" ~ name ~ "', " ~ expression) -%}{%- endfor -%}
    {{ return("named_struct(" ~ parts | join(', ') ~ ")") }}
{%- endmacro %}

{# The list without its nulls. #}
{% macro without_nulls(list) %}{{ return(adapter.dispatch('without_nulls')(list)) }}{% endmacro %}
{% macro duckdb__without_nulls(list) %}{{ return("list_filter(" ~ list ~ ", lambda entry: entry is not null)") }}{% endmacro %}
{% macro spark__without_nulls(list) %}{{ return("array_compact(" ~ list ~ ")") }}{% endmacro %}

{% macro list_joined(one, other) %}{{ return(adapter.dispatch('list_joined')(one, other)) }}{% endmacro %}
{% macro duckdb__list_joined(one, other) %}{{ return("list_concat(" ~ one ~ ", " ~ other ~ ")") }}{% endmacro %}
{% macro spark__list_joined(one, other) %}{{ return("concat(" ~ one ~ ", " ~ other ~ ")") }}{% endmacro %}

{% macro list_size(list) %}{{ return(adapter.dispatch('list_size')(list)) }}{% endmacro %}
{% macro duckdb__list_size(list) %}{{ return("len(" ~ list ~ ")") }}{% endmacro %}
{% macro spark__list_size(list) %}{{ return("size(" ~ list ~ ")") }}{% endmacro %}

{% macro sorted_distinct(list) %}{{ return(adapter.dispatch('sorted_distinct')(list)) }}{% endmacro %}
{% macro duckdb__sorted_distinct(list) %}{{ return("list_sort(list_distinct(" ~ list ~ "))") }}{% endmacro %}
{% macro spark__sorted_distinct(list) %}{{ return("array_sort(array_distinct(" ~ list ~ "))") }}{% endmacro %}

{# 1-based; null where there is none. #}
{% macro element_of(list, position) %}{{ return(adapter.dispatch('element_of')(list, position)) }}{% endmacro %}
{% macro duckdb__element_of(list, position) %}{{ return(list ~ "[" ~ position ~ "]") }}{% endmacro %}
{% macro spark__element_of(list, position) %}{{ return("try_element_at(" ~ list ~ ", " ~ position ~ ")") }}{% endmacro %}

{# The map of a list of structs (key, value). #}
{% macro map_of(entries) %}{{ return(adapter.dispatch('map_of')(entries)) }}{% endmacro %}
{% macro duckdb__map_of(entries) %}{{ return("map_from_entries(" ~ entries ~ ")") }}{% endmacro %}
{% macro spark__map_of(entries) %}{{ return("map_from_entries(" ~ entries ~ ")") }}{% endmacro %}

{# Aggregate into a list, in the order of an expression or of several, the smallest first. #}
{% macro collected(value, order_by) %}{{ return(adapter.dispatch('collected')(value, order_by)) }}{% endmacro %}
{% macro duckdb__collected(value, order_by) %}{{ return("list(" ~ value ~ " order by " ~ as_list(order_by) | join(', ') ~ ")") }}{% endmacro %}
{% macro spark__collected(value, order_by) -%}
    {%- set entry = "struct(" ~ as_list(order_by) | join(', ') ~ ", " ~ value ~ " as _value)" -%}
    {{ return("transform(array_sort(collect_list(" ~ entry ~ ")), _one -> _one._value)") }}
{%- endmacro %}

{# One output row for each element; stands as a column of a select. #}
{% macro each_of(list) %}{{ return(adapter.dispatch('each_of')(list)) }}{% endmacro %}
{% macro duckdb__each_of(list) %}{{ return("unnest(" ~ list ~ ")") }}{% endmacro %}
{% macro spark__each_of(list) %}{{ return("explode(" ~ list ~ ")") }}{% endmacro %}

{# Aggregate: bitwise or. #}
{% macro any_bits(x) %}{{ return(adapter.dispatch('any_bits')(x)) }}{% endmacro %}
{% macro duckdb__any_bits(x) %}{{ return("bit_or(" ~ x ~ ")") }}{% endmacro %}
{% macro spark__any_bits(x) %}{{ return("bit_or(" ~ x ~ ")") }}{% endmacro %}

{# Bit `number` - `word` * `size` of a 64-bit word, or 0 where it lies in another word. #}
{% macro bit_in_word(number, word, size) %}{{ return(adapter.dispatch('bit_in_word')(number, word, size)) }}{% endmacro %}
{% macro duckdb__bit_in_word(number, word, size) -%}
    {{ return("case when " ~ number ~ " // " ~ size ~ " = " ~ word ~ " then cast(1 as bigint) << cast(" ~ number ~ " % " ~ size ~ " as integer) else 0 end") }}
{%- endmacro %}
{% macro spark__bit_in_word(number, word, size) -%}
    {{ return("case when " ~ number ~ " div " ~ size ~ " = " ~ word ~ " then shiftleft(cast(1 as bigint), cast(" ~ number ~ " % " ~ size ~ " as integer)) else cast(0 as bigint) end") }}
{%- endmacro %}

{# `value` where bit `bit` of `bits` is set, else null. #}
{% macro if_bit(bits, bit, value) %}{{ return(adapter.dispatch('if_bit')(bits, bit, value)) }}{% endmacro %}
{% macro duckdb__if_bit(bits, bit, value) %}{{ return("case when (" ~ bits ~ " >> " ~ bit ~ ") & 1 = 1 then " ~ value ~ " end") }}{% endmacro %}
{% macro spark__if_bit(bits, bit, value) %}{{ return("case when shiftright(" ~ bits ~ ", " ~ bit ~ ") & 1 = 1 then " ~ value ~ " end") }}{% endmacro %}

{# Whether a regular expression occurs in the text. #}
{% macro text_has(x, pattern) %}{{ return(adapter.dispatch('text_has')(x, pattern)) }}{% endmacro %}
{% macro duckdb__text_has(x, pattern) %}{{ return("regexp_matches(" ~ x ~ ", '" ~ pattern ~ "')") }}{% endmacro %}
{% macro spark__text_has(x, pattern) %}{{ return("rlike(" ~ x ~ ", r'" ~ pattern ~ "')") }}{% endmacro %}

{# Name → type of a relation's columns, empty where there is no such relation; one that a hook made is not in dbt's cache. #}
{% macro columns_if_there(relation) %}{{ return(adapter.dispatch('columns_if_there')(relation)) }}{% endmacro %}
{% macro duckdb__columns_if_there(relation) -%}
    {{ return(dict(run_query(
        "select column_name, lower(data_type) from duckdb_columns() where database_name = current_database() and schema_name = '"
        ~ relation.schema ~ "' and table_name = '" ~ relation.identifier ~ "' order by column_index"
    ).rows.values() | map('list'))) }}
{%- endmacro %}
{% macro default__columns_if_there(relation) -%}
    {%- set columns = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}{%- do columns.update({column.name: column.dtype}) -%}{%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# A view that replaces the one of that name. #}
{% macro create_view(name, query) %}{{ return(adapter.dispatch('create_view')(name, query)) }}{% endmacro %}
{% macro default__create_view(name, query) %}{{ return("create or replace view " ~ name ~ " as " ~ query) }}{% endmacro %}

{% macro no_map(key_type, value_type) %}{{ return(adapter.dispatch('no_map')(key_type, value_type)) }}{% endmacro %}
{% macro duckdb__no_map(key_type, value_type) %}{{ return("cast(map {} as map(" ~ key_type ~ ", " ~ value_type ~ "))") }}{% endmacro %}
{% macro spark__no_map(key_type, value_type) %}{{ return("cast(map() as map<" ~ type_of(key_type) ~ ", " ~ type_of(value_type) ~ ">)") }}{% endmacro %}

{# The list of one field of a list of structs. #}
{% macro field_of_each(list, field) %}{{ return(adapter.dispatch('field_of_each')(list, field)) }}{% endmacro %}
{% macro duckdb__field_of_each(list, field) %}{{ return("list_transform(" ~ list ~ ", lambda entry: entry." ~ field ~ ")") }}{% endmacro %}
{% macro spark__field_of_each(list, field) %}{{ return("transform(" ~ list ~ ", _one -> _one." ~ field ~ ")") }}{% endmacro %}
