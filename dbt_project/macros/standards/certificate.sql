{#
    证照标识, GB/T 36904-2018: 1.2.156.3005.2.<type>.<issuer>.<number>.<version>.<check>. The type has 21 characters (credit code of
    the competent authority and three digits), the issuer is a credit code, the version has three digits; the check
    character is ISO 7064 MOD 37,36 over all of them without dots. Null where a part is missing or has other characters
    than digits and capitals: a number like 豫(2020)新乡市不动产权第0001号 is no part of an identifier, the issuer has a serial for it.
    A type without a national code (`local:…`) has no identifiers.
#}
{% macro certificate_identifier(type, issuer_code, number, version="'001'") -%}
    {%- set parts = [type, number_text(issuer_code), number_text(number), "lpad(cast(" ~ version ~ " as string), 3, '0')"] -%}
    {%- set checked = with_value(parts | join(" || '.' || "), "'1.2.156.3005.2.' || _v || '.' || " ~ mod_37_36_check_character("replace(_v, '.', '')")) -%}
    {{ return("case when length(" ~ type ~ ") = 21 and " ~ text_has(parts[2], '^[0-9A-Z]+$') ~ " then " ~ checked ~ " end") }}
{%- endmacro %}

{#
    The last day by law (seed `certificate_types`, column `term`): some years, or an identity card's by the age of its holder;
    9999-12-31 without end. Null where the law says nothing.
#}
{% macro certificate_end_by_law(term, birth, since) -%}
    {{ return("case when " ~ term ~ " = 'age' then " ~ id_card_valid_to(birth, since) ~ " when " ~ term ~ " is not null then "
        ~ days_after(years_after(since, cast_or_null(term, 'integer')), '-1') ~ " end") }}
{%- endmacro %}

{#
    What a certificate is worth on a day (codes of `certificate_status`): void, expired, void because another took its place, not
    in force (suspended, or not yet), or valid. A register's word of a bad end counts, its "valid" may be an old one.
#}
{% macro certificate_validity(status, since, until, replaced_by, day) -%}
    {{ return("case when " ~ status ~ " = '5' then '5' when " ~ status ~ " = '4' or " ~ until ~ " < " ~ day ~ " then '4' when "
        ~ replaced_by ~ " is not null then '5' when " ~ status ~ " = '10' or " ~ since ~ " > " ~ day ~ " then '10' else '11' end") }}
{%- endmacro %}

{# ISO 7064 MOD 37,36 over digits and capitals; null for a text with others. #}
{% macro mod_37_36_check_character(x) -%}
    {%- set alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    {%- set places = each_as(characters_of(x), "nullif(" ~ place_in("'" ~ alphabet ~ "'", '_one') ~ ", 0) - 1") -%}
    {#- So far p: twice p (36 for 0) mod 37, plus the next place, mod 36; the check character makes it one. -#}
    {%- set doubled = "case _all when 0 then 36 else _all end * 2 % 37" -%}
    {%- set sum = folded(places, "cast(18 as bigint)", "(" ~ doubled ~ " + _one) % 36") -%}
    {{ return("substr('" ~ alphabet ~ "', cast((37 - " ~ with_value(sum, "case _v when 0 then 36 else _v end * 2 % 37") ~ ") % 36 + 1 as integer), 1)") }}
{%- endmacro %}
