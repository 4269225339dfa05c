{#
    统一社会信用代码, GB 32100-2015: authority and category (2), area of the registering office (6), organisation code of
    GB 11714 (9), check character over 31 characters (no I O S V Z) with weights 3^(i-1) mod 31.
#}

{% macro _weighted(x, alphabet, weights, first) -%}
    {%- set parts = [] -%}
    {%- for weight in weights -%}
        {%- do parts.append(weight ~ " * (" ~ place_in("'" ~ alphabet ~ "'", "substr(" ~ x ~ ", " ~ (first + loop.index0) ~ ", 1)") ~ " - 1)") -%}
    {%- endfor -%}
    {{ return("(" ~ parts | join(' + ') ~ ")") }}
{%- endmacro %}

{% macro credit_code_check_character(x) -%}
    {%- set alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY' -%}
    {%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] -%}
    {{ return("substr('" ~ alphabet ~ "', (31 - " ~ _weighted(x, alphabet, weights, 1) ~ " % 31) % 31 + 1, 1)") }}
{%- endmacro %}

{# GB 11714-1997: the organisation code's own check character. Letters count from A = 10 to Z = 35. #}
{% macro organisation_check_character(x, first=1) -%}
    {{ return("substr('0X987654321', " ~ _weighted(x, '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', [3, 7, 9, 10, 5, 8, 4, 2], first) ~ " % 11 + 1, 1)") }}
{%- endmacro %}

{% macro _credit_code_fault(x) -%}
    {{ return("case when length(" ~ x ~ ") = 15 and " ~ text_has(x, '^[0-9]{15}$') ~ " then 'registration_number_only' "
        ~ "when length(" ~ x ~ ") <> 18 then 'credit_code_length' "
        ~ "when not " ~ text_has(x, '^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$') ~ " then 'credit_code_character' "
        ~ "when " ~ credit_code_check_character(x) ~ " <> substr(" ~ x ~ ", 18, 1) then 'credit_code_check_digit' end") }}
{%- endmacro %}

{# {value, problem}: the code or null, and the rule that makes it unusable or null. #}
{% macro credit_code_checked(x) -%}
    {{ return(with_value(number_text(x), checked('_v', "case when _v is null then 'credit_code_missing' else " ~ _credit_code_fault('_v') ~ " end"))) }}
{%- endmacro %}

{% macro credit_code(x) %}{{ return(credit_code_checked(x) ~ ".value") }}{% endmacro %}

{# Registration, tax and organisation numbers of before 2015, as they are compared. #}
{% macro old_number(x) %}{{ return(number_text(x)) }}{% endmacro %}
