{#
    Dates in the spellings of registers: 2020-6-18, 2020/06/18, 2020.6.18, 2020年6月18日, 20200618, with a time, a
    spreadsheet's day number. What has no end (长期, 9999-9-9) is null and no defect; GB/T 7408 for what is published.
#}

{% macro _date_text(x) -%}
    {%- set digits = text_replaced('_v', '^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{6})?$', '\\1-\\2-\\3') -%}
    {%- set spelled = text_replaced(digits, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?([T ].*)?$', '\\1-\\2-\\3') -%}
    {{ return(with_value(clean_text(x), spelled)) }}
{%- endmacro %}

{% macro _day_of(x) -%}
    {%- set serial = days_after("date '1899-12-30'", cast_or_null('_v', 'integer')) -%}
    {{ return("case when " ~ text_has('_v', '^[0-9]{5}$') ~ " then " ~ serial ~ " else " ~ cast_or_null(x, 'date') ~ " end") }}
{%- endmacro %}

{% macro _in_range(x) %}{{ return(x ~ " between date '1800-01-01' and date '2199-12-31'") }}{% endmacro %}

{% macro date_of(x) -%}
    {{ return(with_value(with_value(_date_text(x), _day_of('_v')), "case when " ~ _in_range('_v') ~ " then _v end")) }}
{%- endmacro %}

{# date_unreadable, date_range, or null. #}
{% macro date_problem(x) -%}
    {%- set fault = with_value(_day_of('_v'), "case when _v is null then 'date_unreadable' when not (" ~ _in_range('_v') ~ ") then 'date_range' end") -%}
    {{ return(with_value(_date_text(x), "case when _v is null or " ~ text_has('_v', '长期|永久|^9999') ~ " then null else " ~ fault ~ " end")) }}
{%- endmacro %}

{# When a source wrote a row: a time of day where it gives one. Null outside 1900 to 2199, so that no 9999 is the newest for ever. #}
{% macro timestamp_of(x) -%}
    {%- set digits = text_replaced('_v', '^([0-9]{4})([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3') -%}
    {%- set with_time = text_replaced(digits, '^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3 \\4:\\5:\\6') -%}
    {%- set spelled = text_replaced(with_time, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?', '\\1-\\2-\\3') -%}
    {%- set moment = with_value(clean_text(x), cast_or_null(spelled, 'timestamp')) -%}
    {{ return(with_value(moment, "case when _v between timestamp '1900-01-01 00:00:00' and timestamp '2199-12-31 23:59:59' then _v end")) }}
{%- endmacro %}
