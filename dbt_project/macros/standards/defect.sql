{# One finding: the rule (seed `rules`), the source's item, and the SQL condition under which the row breaks it. #}
{% macro defect(rule, item, condition) -%}
    {{ return("case when " ~ condition ~ " then " ~ struct_of([('rule', "'" ~ rule ~ "'"), ('item', "'" ~ item ~ "'")]) ~ " end") }}
{%- endmacro %}

{% macro defect_type() %}{{ return('struct(rule varchar, item varchar)') }}{% endmacro %}
