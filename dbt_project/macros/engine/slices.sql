{#
    Merging more claims than fit into the memory. DuckDB's aggregates keep a state of some two kilobytes for an entity, and
    under want of memory one for nearly every claim: at six million people it wrote and read tens of gigabytes of states.
    The claims are far narrower: they are written out once, in slices by entity, and each slice's states fit.
    An engine that does not need this has one slice.
#}
{% macro slices_of(table) %}{{ return(adapter.dispatch('slices_of')(table)) }}{% endmacro %}
{% macro default__slices_of(table) %}{{ return(1) }}{% endmacro %}
{# An increment merges few; compiled without a warehouse, or in a unit test, nothing is written. #}
{% macro duckdb__slices_of(table) -%}
    {%- if not execute or goes_on() or flags.WHICH not in ('build', 'run') -%}{{ return(1) }}{%- endif -%}
    {%- set rows = run_query(
        "select coalesce(sum(estimated_size), 0) from duckdb_tables() where database_name = current_database() and schema_name = 'staging' and table_name in ('"
        ~ staged_models(table) | join("', '") ~ "')"
    ).rows[0][0] | int -%}
    {{ return(rows // (env_var('GOVSHARE_ROWS_AT_A_TIME', '500000') | int) + 1) }}
{%- endmacro %}

{# What is made slice by slice: no temporary table, for those are not compressed. #}
{% macro merged_slices() %}{{ return(beside(this, 'slices')) }}{% endmacro %}

{# How `survivors` is read that is asked for more than once: a table of slices again, an aggregate from what is kept of it. #}
{% macro survivors_kept(table) %}{{ return(adapter.dispatch('survivors_kept')(table)) }}{% endmacro %}
{% macro default__survivors_kept(table) %}{{ return('') }}{% endmacro %}
{% macro duckdb__survivors_kept(table) %}{{ return('not materialized ' if slices_of(table) > 1 else 'materialized ') }}{% endmacro %}

{# `columns`: those of `claims` that merging reads. Parquet has no integer of 128 bits, but a decimal that an order fits in. #}
{% macro merge_slices(table, claims, columns, slices) %}{{ return(adapter.dispatch('merge_slices')(table, claims, columns, slices)) }}{% endmacro %}
{% macro default__merge_slices(table, claims, columns, slices) %}{% endmacro %}
{% macro duckdb__merge_slices(table, claims, columns, slices) -%}
    copy (
        select {{ row_hash(['_entity_id']) }} % {{ slices }} as _slice, {{ columns | join(', ') }}
        from (select * replace (cast(_order as decimal(38, 0)) as _order) from {{ claims }} as claims)
    ) to {{ text_constant(slices_folder(table)) }} (format parquet, partition_by (_slice), overwrite true);
    {%- set queries = [] -%}
    {%- for slice in range(slices) -%}
        {%- do queries.append(merged(table, to_be_ordered(table, claims_in_slices(table, "_slice = " ~ slice)))) -%}
    {%- endfor -%}
    {{ one_after_another(queries) }}
{%- endmacro %}

{% macro slices_folder(table) %}{{ return(env_var('GOVSHARE_DATA') ~ '/warehouse/' ~ table ~ '.slices') }}{% endmacro %}

{# The claims of some slices, as they were written out; they stay until the build ends. #}
{% macro claims_in_slices(table, condition) -%}
    {{ return("(select * replace (cast(_order as hugeint) as _order) from read_parquet(" ~ text_constant(slices_folder(table) ~ '/*/*.parquet') ~ ", hive_partitioning = true) where " ~ condition ~ ")") }}
{%- endmacro %}

{# One query's rows after the other's, as the table `merged_slices`. #}
{% macro one_after_another(queries) -%}
    {%- for query in queries %}
    {{ 'create or replace table ' ~ merged_slices() ~ ' as' if loop.first else 'insert into ' ~ merged_slices() }}
    {{ query }};
    {%- endfor -%}
{%- endmacro %}

{#
    Pre-hook of int_<table>__differing: all claims beside their base table are joined slice by slice too, or DuckDB writes
    them out and reads them again. Of rows that are only compared ten times as many fit.
#}
{% macro differ_in_slices(table) -%}
    {%- set slices = slices_to_compare(table) -%}
    {%- set written = slices_of(table) -%}
    {%- set queries = [] -%}
    {%- for slice in range(slices if slices > 1 else 0) -%}
        {%- set in_slice = " % " ~ slices ~ " = " ~ slice -%}
        {%- set base = "(select * from " ~ merged_now(table) ~ " where " ~ row_hash([table_meta(table).key]) ~ " % " ~ written ~ in_slice ~ ")" -%}
        {%- do queries.append(differing_pairs(table, claims_in_slices(table, "_slice" ~ in_slice), base)) -%}
    {%- endfor -%}
    {{ one_after_another(queries) }}
{%- endmacro %}

{% macro slices_to_compare(table) %}{{ return((slices_of(table) + 9) // 10) }}{% endmacro %}

{# Post-hook of what is made in slices. #}
{% macro drop_slices() %}drop table if exists {{ merged_slices() }}{% endmacro %}
