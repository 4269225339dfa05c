{#
    公民身份号码, GB 11643-1999: address (6), birth date (8), sequence (3, odd for men), check character (ISO 7064
    MOD 11-2). Numbers of 1984-1999 have 15 digits: no century, no check character.
#}

{# The check character over the first seventeen digits of `digits`, SQL of type bigint. #}
{% macro id_check_character(digits) -%}
    {%- set weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] -%}
    {%- set parts = [] -%}
    {%- for weight in weights -%}
        {%- do parts.append(weight ~ " * (" ~ whole_part('_v', '1' ~ '0' * (16 - loop.index0)) ~ " % 10)") -%}
    {%- endfor -%}
    {{ return(with_value(digits, "substr('10X98765432', cast((" ~ parts | join(' + ') ~ ") % 11 as integer) + 1, 1)")) }}
{%- endmacro %}

{# Fifteen digits to eighteen. Sequences 996 to 999 were kept for people born before 1900. #}
{% macro _id_18_of(x) -%}
    {%- set seventeen = "substr(_v, 1, 6) || case when substr(_v, 13, 3) in ('996', '997', '998', '999') then '18' else '19' end || substr(_v, 7)" -%}
    {%- set completed = with_value(seventeen, "_v || " ~ id_check_character(cast_or_null('_v', 'bigint'))) -%}
    {{ return(with_value(x, "case when " ~ text_has('_v', '^[1-9][0-9]{14}$') ~ " then " ~ completed ~ " else _v end")) }}
{%- endmacro %}

{# A date that has been, out of characters 7 to 14. #}
{% macro id_number_birth_date(number) -%}
    {{ return(cast_or_null("substr(" ~ number ~ ", 7, 4) || '-' || substr(" ~ number ~ ", 11, 2) || '-' || substr(" ~ number ~ ", 13, 2)", 'date')) }}
{%- endmacro %}

{# GB/T 2261.1: 1 male, 2 female. #}
{% macro id_number_sex(number) -%}
    {%- set digit = "substr(" ~ number ~ ", 17, 1)" -%}
    {{ return("case when " ~ digit ~ " in ('1', '3', '5', '7', '9') then '1' when " ~ digit ~ " in ('0', '2', '4', '6', '8') then '2' end") }}
{%- endmacro %}

{# Why `x`, an eighteen-character text of number_text, is no number; null when it is one. #}
{% macro _id_fault(x) -%}
    {{ return("case when length(" ~ x ~ ") <> 18 then 'id_number_length' "
        ~ "when not " ~ text_has(x, '^[1-9][0-9]{16}[0-9X]$') ~ " then 'id_number_form' "
        ~ "when coalesce(" ~ id_number_birth_date(x) ~ " not between date '1850-01-01' and current_date, true) then 'id_number_birth_date' "
        ~ "when " ~ id_check_character(cast_or_null("substr(" ~ x ~ ", 1, 17)", 'bigint')) ~ " <> substr(" ~ x ~ ", 18, 1) then 'id_number_check_digit' end") }}
{%- endmacro %}

{# {value, problem}: the eighteen-character number or null, and the rule that makes it unusable or null. #}
{% macro id_number_checked(x) -%}
    {{ return(with_value(_id_18_of(number_text(x)), checked('_v', "case when _v is null then 'id_number_missing' else " ~ _id_fault('_v') ~ " end"))) }}
{%- endmacro %}

{% macro id_number(x) %}{{ return(id_number_checked(x) ~ ".value") }}{% endmacro %}
