{#
    公民身份号码, GB 11643-1999: address (6), birth date (8), sequence (3, odd for men), check character (ISO 7064
    MOD 11-2). Numbers of 1984-1999 have 15 digits: no century, no check character. Residence permits of people from Hong
    Kong, Macao and Taiwan, and since 2023-12 permanent residence cards of foreigners, are numbered by the same rule.
#}

{# The check character over the first seventeen characters of `x`, which are digits. #}
{% macro id_check_character(x) %}{{ return("substr('10X98765432', cast(" ~ sum_11_2(x) ~ " as integer) + 1, 1)") }}{% endmacro %}

{# Whether the first `count` characters are digits, of which the first is not 0: a number is printed as it was read. #}
{% macro _begins_with_digits(x, count) -%}
    {{ return("coalesce(cast(" ~ cast_or_null("substr(" ~ x ~ ", 1, " ~ count ~ ")", 'bigint') ~ " as string), '') = substr(" ~ x ~ ", 1, " ~ count ~ ") and substr(" ~ x ~ ", 1, 1) not in ('-', '0')") }}
{%- endmacro %}

{# Fifteen digits to eighteen. Sequences 996 to 999 were kept for people born before 1900. #}
{% macro _id_18_of(x) -%}
    {%- set seventeen = "substr(_v, 1, 6) || case when substr(_v, 13, 3) in ('996', '997', '998', '999') then '18' else '19' end || substr(_v, 7)" -%}
    {%- set completed = with_value(seventeen, "_v || " ~ id_check_character('_v')) -%}
    {{ return(with_value(x, "case when length(_v) = 15 and " ~ _begins_with_digits('_v', 15) ~ " then " ~ completed ~ " else _v end")) }}
{%- endmacro %}

{# A date that has been, out of characters 7 to 14. #}
{% macro id_number_birth_date(number) -%}
    {{ return(compact_date("substr(" ~ number ~ ", 7, 8)")) }}
{%- endmacro %}

{# GB/T 2261.1: 1 male, 2 female. #}
{% macro id_number_sex(number) -%}
    {{ return("case when substr(" ~ number ~ ", 17, 1) in ('1', '3', '5', '7', '9') then '1' when substr(" ~ number ~ ", 17, 1) in ('0', '2', '4', '6', '8') then '2' end") }}
{%- endmacro %}

{#
    Whose number it is: citizen 居民身份证, hk_mo_tw_permit 港澳台居民居住证 (810000, 820000, 830000), foreigner
    外国人永久居留身份证 (9, then region and nationality). Null for null.
#}
{% macro id_number_kind(number) -%}
    {{ return("case when substr(" ~ number ~ ", 1, 6) in ('810000', '820000', '830000') then 'hk_mo_tw_permit' when substr(" ~ number
        ~ ", 1, 1) = '9' then 'foreigner' when " ~ number ~ " is not null then 'citizen' end") }}
{%- endmacro %}

{#
    Whether the address that a good number begins with has ever been one (seed `area_history`): counties of Henan since
    1980 one by one, elsewhere the province. A number keeps the code of the first registration for life, so retired codes
    are right, and the county need not have been there in the year of birth: people are registered later and elsewhere.
#}
{% macro id_number_area_known(number) -%}
    {%- set counties = [] -%}
    {%- set provinces = [] -%}
    {%- for code in code_table('area_history').names -%}
        {%- if code.endswith('0000') -%}{%- do provinces.append("'" ~ code[:2] ~ "'") -%}{%- endif -%}
        {%- if code.startswith('41') -%}{%- do counties.append("'" ~ code ~ "'") -%}{%- endif -%}
    {%- endfor -%}
    {{ return("case when substr(" ~ number ~ ", 1, 2) = '41' then substr(" ~ number ~ ", 1, 6) in (" ~ counties | join(', ') ~ ") when substr(" ~ number
        ~ ", 1, 1) = '9' then substr(" ~ number ~ ", 2, 2) in (" ~ provinces | join(', ') ~ ") else substr(" ~ number ~ ", 1, 2) in (" ~ provinces | join(', ') ~ ") end") }}
{%- endmacro %}

{# The placeholders of fifteen digits that have a date of birth and so become numbers of eighteen: 111111111111111, 234567890123456. #}
{% macro _completed_placeholder(x) %}{{ return("substr(" ~ x ~ ", 1, 17) in ('11111119111111111', '23456719890123456')") }}{% endmacro %}

{# Why `x`, an eighteen-character text of number_text, is no number; null when it is one. #}
{% macro _id_fault(x) -%}
    {%- set last = "substr(" ~ x ~ ", 18, 1)" -%}
    {{ return("case when length(" ~ x ~ ") <> 18 then 'id_number_length' "
        ~ "when not (" ~ _begins_with_digits(x, 17) ~ ") or " ~ place_in("'0123456789X'", last) ~ " = 0 then 'id_number_form' "
        ~ "when coalesce(" ~ id_number_birth_date(x) ~ " not between date '1850-01-01' and " ~ build_day() ~ ", true) then 'id_number_birth_date' "
        ~ "when " ~ id_check_character(x) ~ " <> " ~ last ~ " then 'id_number_check_digit' when " ~ _completed_placeholder(x) ~ " then 'id_number_placeholder' end") }}
{%- endmacro %}

{# {value, problem}: the eighteen-character number or null, and the rule that makes it unusable or null. `x`: a column. #}
{% macro id_number_checked(x) -%}
    {%- set rule_by_rule = with_value(_id_18_of(number_text(x)), checked('_v', "case when _v is null then 'id_number_missing' else " ~ _id_fault('_v') ~ " end")) -%}
    {{ return("case when " ~ surely_id_number(x) ~ " and not " ~ _completed_placeholder(x) ~ " then " ~ struct_of([('value', x), ('problem', 'cast(null as string)')]) ~ " else " ~ rule_by_rule ~ " end") }}
{%- endmacro %}

{% macro id_number(x) %}{{ return("(" ~ id_number_checked(x) ~ ").value") }}{% endmacro %}

{# What is doubtful about a good number: it stays, and the rule is noted. #}
{% macro id_number_doubt(number) -%}
    {{ return("case when not (" ~ id_number_area_known(number) ~ ") then 'id_number_area' end") }}
{%- endmacro %}

{#
    The last day of a 居民身份证 (居民身份证法 art. 5): ten years from 16 to 25, twenty from 26 to 45, without end from 46 on,
    five below 16; null where the birth is not known. `since` is the first day of validity; without end is 9999-12-31, as
    `end_date` has it.
#}
{% macro id_card_valid_to(birth, since) -%}
    {%- set years = "case when _v < 16 then 5 when _v < 26 then 10 when _v < 46 then 20 else 7000 end" -%}
    {{ return("case when " ~ birth ~ " is null or " ~ since ~ " < " ~ birth ~ " then null when " ~ with_value(full_years(birth, since), years ~ " = 7000") ~ " then date '9999-12-31' else "
        ~ years_after(since, with_value(full_years(birth, since), years)) ~ " end") }}
{%- endmacro %}

{#
    Whether the printed end of an identity card cannot be by law. A year of age is full on the birthday or, as some offices
    count, on the day after it; and a card of 29 February ends on the 28th or on 1 March: both pass.
#}
{% macro id_card_validity_wrong(birth, since, printed) -%}
    {%- set by_birthday = id_card_valid_to(birth, since) -%}
    {%- set by_day_after = id_card_valid_to(days_after(birth, '1'), since) -%}
    {{ return("(" ~ printed ~ " <> " ~ by_birthday ~ " and coalesce(" ~ printed ~ " <> " ~ by_day_after ~ ", true) and " ~ printed ~ " <> " ~ days_after(by_birthday, '1') ~ ")") }}
{%- endmacro %}

{# For a staging model: `since` and `printed` (as `end_date` gives it) of the card, `name` the item with the printed end. #}
{% macro id_card_validity(birth, since, printed, name) -%}
    {{ return(defect('id_card_validity', name, id_card_validity_wrong(birth, since, printed))) }}
{%- endmacro %}
