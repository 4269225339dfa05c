{#
    Code tables: a department's word or code to the standard's. The tables are seeds (code, name, words, means); the
    variable `codes` brings them as {table: {words: {word: code}, names: {code: name}}}, made by catalogue.dbt.
#}

{% macro code_table(table) -%}
    {%- if table not in var('codes', {}) -%}
        {{ exceptions.raise_compiler_error("No code table " ~ table ~ ". Remedy: add seeds/" ~ table ~ ".csv, or correct the name") }}
    {%- endif -%}
    {{ return(var('codes')[table]) }}
{%- endmacro %}

{# Null where nothing is said, and where the table does not know the word (rule code_unknown). #}
{% macro decode(x, table) -%}
    {%- set branches = [] -%}
    {%- for word, code in code_table(table).words.items() -%}
        {%- do branches.append("when '" ~ word.replace("'", "''") ~ "' then '" ~ code ~ "'") -%}
    {%- endfor -%}
    {{ return("case " ~ x ~ " " ~ branches | join(' ') ~ " end") }}
{%- endmacro %}

{# The name of a code that is known while SQL is compiled. #}
{% macro name_of_code(code, table) %}{{ return(code_table(table).names[code]) }}{% endmacro %}

{# 行政区划代码, GB/T 2260 (6 digits), to the street or village (9, 12): the code itself, or that of a name. #}
{% macro division(x) -%}
    {{ return("coalesce(" ~ with_value(number_text(x), "case when " ~ text_has('_v', '^[1-9][0-9]{5}([0-9]{3}){0,2}$') ~ " then _v end")
        ~ ", " ~ decode(x, 'division') ~ ")") }}
{%- endmacro %}
