{#
    What a legal entity's credit code itself says (GB 32100-2015). Column meta `from_key` names such macros; others are
    standards' own (id_number_birth_date, id_number_sex, credit_code_kind).
#}

{# Characters 9 to 17: the organisation code of GB 11714-1997. #}
{% macro organisation_code_in(credit_code) %}{{ return("substr(" ~ credit_code ~ ", 9, 9)") }}{% endmacro %}

{# An old tax number is the area (6 digits) and the organisation code (9); null for any other, and for a placeholder. #}
{% macro organisation_code_in_tax_number(x) -%}
    {{ return("case when length(" ~ x ~ ") = 15 then " ~ with_value("substr(" ~ x ~ ", 7, 9)", "case when " ~ text_has('_v', '^[0-9A-Z]{8}[0-9X]$') ~ " and not " ~ is_placeholder('_v') ~ " then _v end") ~ " end") }}
{%- endmacro %}

{#
    Whose branch an enterprise or co-operative is by its name, which puts the parent's in front (企业名称登记管理规定 art. 13);
    null for any other name.
#}
{% macro parent_name_in(name) -%}
    {{ return("case when " ~ text_has(name, '(公司|合作社).+(分公司|支公司|分社|分店|分行|支行|分理处|营业部|经营部|门市部)[)]?$') ~ " then " ~ text_found(name, '^.+?(公司|合作社)') ~ " end") }}
{%- endmacro %}
