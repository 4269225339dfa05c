{#
    Dates in the spellings of registers: 2020-6-18, 2020/06/18, 2020.6.18, 2020年6月18日, 20200618, with a time, a
    spreadsheet's day number. What has no end (长期, 9999-9-9) is null and no defect; GB/T 7408 for what is published.
    The usual spellings are tried first: they cost a tenth of the others.
#}

{# Year, month and day of any spelling, joined with hyphens; the rest of the text behind them. #}
{% macro _hyphenated(x) -%}
    {%- set digits = text_replaced(x, '^([0-9]{4})([0-9]{2})([0-9]{2})(([0-9]{2})([0-9]{2})([0-9]{2}))?$', '\\1-\\2-\\3 \\5:\\6:\\7') -%}
    {{ return("replace(" ~ text_replaced(digits, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?', '\\1-\\2-\\3') ~ ", ' ::', '')") }}
{%- endmacro %}

{% macro _any_day(x) -%}
    {%- set serial = days_after("date '1899-12-30'", cast_or_null('_v', 'integer')) -%}
    {%- set spelled = cast_or_null(text_found(_hyphenated('_v'), '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'), 'date') -%}
    {%- set other = with_value(x, "case when " ~ text_has('_v', '^[0-9]{5}$') ~ " then " ~ serial ~ " else " ~ spelled ~ " end") -%}
    {{ return("coalesce(" ~ cast_or_null(x, 'date') ~ ", " ~ compact_date(x) ~ ", " ~ other ~ ")") }}
{%- endmacro %}

{# {value, problem}: the date or null; date_unreadable, date_range or null. #}
{% macro date_checked(x) -%}
    {%- set in_range = "_v between date '1800-01-01' and date '2199-12-31'" -%}
    {%- set no_end = text_has(x, '长期|永久|^9999') -%}
    {{ return(with_value(_any_day(x), struct_of([
        ('value', "case when " ~ in_range ~ " then _v end"),
        ('problem', "case when " ~ in_range ~ " or " ~ x ~ " is null or " ~ no_end ~ " then null when _v is null then 'date_unreadable' else 'date_range' end"),
    ]))) }}
{%- endmacro %}

{% macro date_of(x) %}{{ return(date_checked("cast(" ~ x ~ " as varchar)") ~ ".value") }}{% endmacro %}

{# When a source wrote a row: a time of day where it gives one. Null outside 1900 to 2199, so that no 9999 is the newest for ever. #}
{% macro timestamp_of(x) -%}
    {%- set text = "cast(" ~ x ~ " as varchar)" -%}
    {%- set moment = "coalesce(" ~ cast_or_null(text, 'timestamp') ~ ", " ~ cast_or_null(_hyphenated(text), 'timestamp') ~ ")" -%}
    {{ return(with_value(moment, "case when _v between timestamp '1900-01-01 00:00:00' and timestamp '2199-12-31 23:59:59' then _v end")) }}
{%- endmacro %}
