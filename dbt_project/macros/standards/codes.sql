{#
    Code tables: a department's word or code to the standard's. The tables are seeds (code, name, words, means); a file
    brings them as {table: {words: {word: code}, names: {code: name}}}, made by catalogue.dbt.
#}

{% macro code_table(table) -%}
    {%- if not execute -%}{{ return({'words': {}, 'names': {}}) }}{%- endif -%}
    {%- if 'codes' not in graph -%}{#- asked hundreds of times -#}
        {%- do graph.update({'codes': fromjson(file_text(env_var('GOVSHARE_CODES')))}) -%}
    {%- endif -%}
    {%- set tables = graph['codes'] -%}
    {%- if table not in tables -%}
        {{ exceptions.raise_compiler_error("No code table " ~ table ~ ". Remedy: add seeds/" ~ table ~ ".csv, or correct the name") }}
    {%- endif -%}
    {{ return(tables[table]) }}
{%- endmacro %}

{# Null where nothing is said, and where the table does not know the word (rule code_unknown). #}
{% macro decode(x, table) %}{{ return(looked_up(x, code_table(table).words)) }}{% endmacro %}

{# The name of a code that is known while SQL is compiled. #}
{% macro name_of_code(code, table) %}{{ return(code_table(table).names[code]) }}{% endmacro %}

{#
    行政区划代码, GB/T 2260 (6 digits), to the street or village (9, 12; GB/T 10114): the code itself, or that of a name. Zeros
    that only fill up are left out: 410702000000 is the district 410702, 41 and 4107 are 410000 and 410700. A code that
    no edition of GB/T 2260 has (table `county_codes`) nor the city uses for itself is none.
#}
{% macro division(x) -%}
    {%- set digits = "case when " ~ text_has(x, '[0-9]') ~ " then " ~ number_text(x) ~ " end" -%}
    {%- set filled = text_replaced(text_replaced(digits, '^([1-9][0-9])$', '\\100'), '^([1-9][0-9]{3})$', '\\100') -%}
    {%- set short = text_replaced(text_replaced(text_found(filled, '^[1-9][0-9]{5}([0-9]{3}){0,2}$'), '^([0-9]{6,9})000$', '\\1'), '^([0-9]{6})000$', '\\1') -%}
    {%- set code = "case when length(" ~ x ~ ") = 6 and " ~ text_has(x, '^[1-9][0-9]{5}$') ~ " then " ~ x ~ " else " ~ short ~ " end" -%}
    {#- Nearly all are the city's own, which the table has; the codes of a country are looked through for the others only. -#}
    {{ return("coalesce(" ~ decode(x, 'division') ~ ", case when " ~ text_has(x, '[0-9]{2}') ~ " then " ~ with_value(code, "case when " ~ _county_known('_v') ~ " then _v end") ~ " end)") }}
{%- endmacro %}

{# Whether the first six digits are, or ever were, a division: for each province its four-digit codes side by side. #}
{% macro _county_known(x) -%}
    {%- set branches = [] -%}
    {%- for province, counties in code_table('county_codes').names.items() -%}
        {%- do branches.append("when '" ~ province ~ "' then " ~ place_in("' " ~ counties ~ " '", "' ' || substr(" ~ x ~ ", 3, 4) || ' '") ~ " > 0") -%}
    {%- endfor -%}
    {{ return("case substr(" ~ x ~ ", 1, 2) " ~ branches | join(' ') ~ " end" if branches else 'true') }}
{%- endmacro %}

{#
    国民经济行业分类, GB/T 4754-2017: section and division (C13) out of any code from the division down to the class (13, C13, 1311,
    C1311), a section alone (C), or the name of either. A letter that contradicts the division is an error.
#}
{% macro industry(x) -%}
    {%- set code = text_replaced("upper(" ~ x ~ ")", '^([A-T]?[0-9]{2})[0-9]{1,2}$', '\\1') -%}
    {{ return(decode(code, 'industry')) }}
{%- endmacro %}
