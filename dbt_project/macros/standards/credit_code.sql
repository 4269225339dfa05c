{#
    统一社会信用代码, GB 32100-2015: authority and category (2), area of the registering office (6), organisation code of
    GB 11714 (9), check character over 31 characters (no I O S V Z) with weights 3^(i-1) mod 31. The authority may be a
    letter: A 军队, N 农业 (villages' collectives), Y 其他.
#}

{% macro credit_code_check_character(x) -%}
    {%- set alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY' -%}
    {%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] -%}
    {{ return("substr('" ~ alphabet ~ "', (31 - " ~ weighted_places(x, alphabet, weights) ~ " % 31) % 31 + 1, 1)") }}
{%- endmacro %}

{# GB 11714-1997: the organisation code's own check character. Letters count from A = 10 to Z = 35. #}
{% macro organisation_check_character(x, first=1) -%}
    {{ return("substr('0X987654321', " ~ weighted_places(x, '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', [3, 7, 9, 10, 5, 8, 4, 2], first) ~ " % 11 + 1, 1)") }}
{%- endmacro %}

{# No authority has 0, and no organisation zeros for its code; of digits in their order two keep the rule of the check character, as zeros do. #}
{% macro _no_organisation(x) -%}
    {{ return("substr(" ~ x ~ ", 1, 1) = '0' or substr(" ~ x ~ ", 9, 8) = '00000000' or " ~ x ~ " in ('123456789012345678', '901234567890123456')") }}
{%- endmacro %}

{% macro _credit_code_fault(x) -%}
    {{ return("case when " ~ is_placeholder(x) ~ " or length(" ~ x ~ ") = 18 and (" ~ _no_organisation(x) ~ ") then 'credit_code_placeholder' when length(" ~ x ~ ") = 15 and " ~ text_has(x, '^[0-9]{15}$') ~ " then 'registration_number_only' "
        ~ "when length(" ~ x ~ ") <> 18 then 'credit_code_length' "
        ~ "when not " ~ text_has(x, '^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$') ~ " then 'credit_code_character' "
        ~ "when " ~ credit_code_check_character(x) ~ " <> substr(" ~ x ~ ", 18, 1) then 'credit_code_check_digit' end") }}
{%- endmacro %}

{# {value, problem}: the code or null, and the rule that makes it unusable or null. `x`: a column; some offices write small letters. #}
{% macro credit_code_checked(x) -%}
    {%- set rule_by_rule = with_value(number_text(x), checked('_v', "case when _v is null then 'credit_code_missing' else " ~ _credit_code_fault('_v') ~ " end")) -%}
    {%- set upper = "upper(" ~ x ~ ")" -%}
    {{ return("case when " ~ surely_credit_code(x) ~ " and not (" ~ _no_organisation(x) ~ ") then " ~ struct_of([('value', x), ('problem', 'cast(null as string)')])
        ~ " when " ~ surely_credit_code(upper) ~ " and not (" ~ _no_organisation(x) ~ ") then " ~ struct_of([('value', upper), ('problem', 'cast(null as string)')]) ~ " else " ~ rule_by_rule ~ " end") }}
{%- endmacro %}

{% macro credit_code(x) %}{{ return("(" ~ credit_code_checked(x) ~ ").value") }}{% endmacro %}

{#
    What is doubtful about a good code: it stays, and the rule is noted. The organisation code inside is wrong in 79 of 1.1
    million codes whose own check character is right: registers have accepted them.
#}
{% macro credit_code_doubt(code) -%}
    {{ return("case when " ~ organisation_check_character(code, 9) ~ " <> substr(" ~ code ~ ", 17, 1) then 'credit_code_inner_check' end") }}
{%- endmacro %}

{#
    The kind of a legal entity (seed `entity_kind`) by authority and category of a good code, the table of GB 32100-2015.
    Village and residents' committees have had 54 since 2018, village collectives carry N1 to N3; trade unions, lawyers'
    offices, army (A) and the rest (Y) are none of our kinds.
#}
{% macro credit_code_kind(code) -%}
    {%- set kinds = {'91': 'enterprise', '92': 'self_employed', '93': 'cooperative', '12': 'public_institution', '51': 'social_organisation',
                     '52': 'social_organisation', '53': 'social_organisation', '11': 'agency', 'N1': 'collective', 'N2': 'collective', 'N3': 'collective',
                     '54': 'self_governing', '71': 'religious_place'} -%}
    {{ return("case when " ~ code ~ " is not null then coalesce(" ~ looked_up("substr(" ~ code ~ ", 1, 2)", kinds) ~ ", 'other') end") }}
{%- endmacro %}

{# Registration, tax and organisation numbers of before 2015, as they are compared; null for a placeholder. #}
{% macro old_number(x) %}{{ return(usable_number(x)) }}{% endmacro %}

{#
    工商注册号 of 15 digits (GS 15-2006): office (6), sequence (8), check digit by ISO 7064 MOD 11,10. Those of 13 digits, of
    before 2007, have none. {value, problem}: a number of that form stays where its check digit is wrong, since it was given so.
#}
{% macro registration_number_checked(x) -%}
    {%- set wrong = mod_11_10_check_digit('_v', 14) ~ " <> substr(_v, 15, 1)" -%}
    {#- An office has given out the sequence 00000000, with its check digit. -#}
    {{ return(number_checked(x, '^([0-9]{13}|[0-9]{15})$', 'registration_number_form', "length(_v) = 15 and substr(_v, 7, 8) = '00000000' and " ~ wrong,
        "case when length(_v) = 15 and " ~ wrong ~ " then 'registration_number_check' end")) }}
{%- endmacro %}

{# ISO 7064 MOD 11,10: the digit behind the first `count`, with which the last sum is one. #}
{% macro mod_11_10_check_digit(x, count) %}{{ return("cast((11 - " ~ state_11_10(x, count) ~ ") % 10 as string)") }}{% endmacro %}

{# 组织机构代码 (GB 11714-1997), nine characters without the hyphen. {value, problem}: the code stays where its check character is wrong. #}
{% macro organisation_code_checked(x) -%}
    {%- set wrong = "case when " ~ organisation_check_character('_v') ~ " <> substr(_v, 9, 1) then 'organisation_code_check' end" -%}
    {{ return(number_checked(x, '^[0-9A-Z]{8}[0-9X]$', 'organisation_code_form', doubt=wrong)) }}
{%- endmacro %}

{# 纳税人识别号: a credit code; of before 2015 area and organisation code (15); an identity number, with two digits more for a second business. #}
{% macro tax_number_checked(x) -%}
    {{ return(number_checked(x, '^([0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20})$', 'tax_number_form', "length(_v) = 15 and substr(_v, 7, 8) = '00000000' or length(_v) = 18 and (" ~ _no_organisation('_v') ~ ")")) }}
{%- endmacro %}
