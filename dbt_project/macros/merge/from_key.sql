{#
    What a legal entity's credit code itself says (GB 32100-2015). Column meta `from_key` names these macros; those of
    the identity number are standards' own (id_number_birth_date, id_number_sex).
#}

{# Characters 9 to 17: the organisation code of GB 11714-1997. #}
{% macro organisation_code_in(credit_code) %}{{ return("substr(" ~ credit_code ~ ", 9, 9)") }}{% endmacro %}

{# An old tax number is the area (6 digits) and the organisation code (9); null for any other. #}
{% macro organisation_code_in_tax_number(x) %}{{ return("case when length(" ~ x ~ ") = 15 then substr(" ~ x ~ ", 7, 9) end") }}{% endmacro %}

{# Characters 1 and 2: registering authority and category. #}
{% macro entity_kind_of(credit_code) -%}
    {{ return("case "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) = '91' then 'enterprise' "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) = '92' then 'self_employed' "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) = '93' then 'cooperative' "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) = '12' then 'public_institution' "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) in ('51', '52', '53') then 'social_organisation' "
        ~ "when substr(" ~ credit_code ~ ", 1, 2) = '11' then 'agency' "
        ~ "else 'other' end") }}
{%- endmacro %}
