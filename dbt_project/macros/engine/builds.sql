{# What an engine can do with whole tables, and how it spells the types of their columns. #}

{#
    Whether builds go on from the last one and keep what they change as history: that takes deletes, and a build's hooks in
    its transaction. Where not, every build is a full one, and `history` stays what was released.
#}
{% macro keeps_builds() %}{{ return(adapter.dispatch('keeps_builds')()) }}{% endmacro %}
{% macro duckdb__keeps_builds() %}{{ return(true) }}{% endmacro %}
{% macro default__keeps_builds() %}{{ return(false) }}{% endmacro %}

{# After a build: space of rows that builds have deleted. #}
{% macro take_space_back() %}{{ return(adapter.dispatch('take_space_back')()) }}{% endmacro %}
{% macro default__take_space_back() %}{% endmacro %}
{# DuckDB's vacuum, which profiles.yml turns off during builds, writes what it touches anew: worth it where a quarter is dead. #}
{% macro duckdb__take_space_back() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and goes_on() -%}
        {%- set sparse = [] -%}
        {%- for schema, table, rows in run_query(
            "select schema_name, table_name, estimated_size from duckdb_tables() where database_name = current_database() and not temporary"
        ).rows -%}
            {%- do sparse.append("(select count(*) < 0.75 * " ~ rows ~ " from " ~ adapter.quote(schema) ~ "." ~ adapter.quote(table) ~ ")") -%}
        {%- endfor -%}
        {%- if run_query("select " ~ sparse | join(' or ')).rows[0][0] -%}
            {%- do run_query("set max_vacuum_tasks = 100") -%}
            {%- do run_query("checkpoint") -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# The number of a table's last row, and the rows that came after it: few to read, however long the table. Builds move no row. Without such numbers: all rows. #}
{% macro last_row(relation) %}{{ return(adapter.dispatch('last_row')(relation)) }}{% endmacro %}
{% macro default__last_row(relation) %}{{ return(none) }}{% endmacro %}
{% macro duckdb__last_row(relation) %}{{ return(run_query("select coalesce(max(rowid), -1) from " ~ relation).rows[0][0]) }}{% endmacro %}
{% macro rows_after(relation, row) %}{{ return(adapter.dispatch('rows_after')(relation, row)) }}{% endmacro %}
{% macro default__rows_after(relation, row) %}{{ return(relation) }}{% endmacro %}
{% macro duckdb__rows_after(relation, row) %}{{ return("(select * from " ~ relation ~ " where rowid > " ~ row ~ ")") }}{% endmacro %}

{# How a step is kept that is as wide as what it is made of: DuckDB reads through a view, Spark would plan it again for every reader. #}
{% macro passed_through() %}{{ return(adapter.dispatch('passed_through')()) }}{% endmacro %}
{% macro duckdb__passed_through() %}{{ return('view') }}{% endmacro %}
{% macro default__passed_through() %}{{ return('table') }}{% endmacro %}

{# A type in the engine's spelling; it is declared in DuckDB's. What SQL here says itself, `string`, both know. #}
{% macro type_of(type) %}{{ return(adapter.dispatch('type_of')(type)) }}{% endmacro %}
{% macro duckdb__type_of(type) %}{{ return(type) }}{% endmacro %}
{% macro spark__type_of(type) -%}
    {%- set type = type | trim -%}
    {%- if type.endswith('[]') -%}{{ return('array<' ~ type_of(type[:-2]) ~ '>') }}{%- endif -%}
    {%- set kind = type.split('(')[0] -%}
    {%- if kind not in ('struct', 'map') -%}{{ return({'varchar': 'string', 'timestamp with time zone': 'timestamp_ltz'}.get(type, type)) }}{%- endif -%}
    {%- set parts = [] -%}
    {%- set open = namespace(part='') -%}
    {%- for piece in type[(kind | length + 1):-1].split(',') -%}
        {%- set open.part = open.part ~ piece -%}
        {%- if open.part.count('(') == open.part.count(')') -%}
            {%- set words = open.part.strip().split(' ') -%}
            {%- do parts.append(words[0].replace('"', '`') ~ ': ' ~ type_of(words[1:] | join(' ')) if kind == 'struct' else type_of(open.part)) -%}
            {%- set open.part = '' -%}
        {%- else -%}
            {%- set open.part = open.part ~ ',' -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(kind ~ '<' ~ parts | join(', ') ~ '>') }}
{%- endmacro %}

{# dbt asks for this when it compares a contract's types with the query's. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set empty = [] -%}
    {%- for column in columns.values() -%}{%- do empty.append("cast(null as " ~ type_of(column.data_type) ~ ") as " ~ adapter.quote(column.name)) -%}{%- endfor -%}
    {{ return("select " ~ empty | join(', ')) }}
{%- endmacro %}

{# Parquet keeps no constraints; the gate asks for what a contract says. #}
{% macro spark__persist_constraints(relation, model) %}{% endmacro %}

{# dbt-spark would load an empty field of a seed as the text None. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.get('column_types') or {} -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set value = 'null' if row[name] is none else text_constant(row[name] | string) -%}
            {%- do values.append("cast(" ~ value ~ " as " ~ types.get(name, adapter.convert_type(agate_table, loop.index0)) ~ ")") -%}
        {%- endfor -%}
        {%- do rows.append("(" ~ values | join(', ') ~ ")") -%}
    {%- endfor -%}
    {%- set sql = "insert into " ~ this ~ " values " ~ rows | join(', ') -%}
    {%- do adapter.add_query(sql, abridge_sql_log=true) -%}
    {{ return(sql) }}
{%- endmacro %}
