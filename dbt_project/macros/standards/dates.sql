{#
    Dates in the spellings of registers: 2020-6-18, 2020/06/18, 2020.6.18, 2020年6月18日, 二〇二〇年六月十八日, 20200618, 6/18/2020,
    18-JUN-2020, with a time, with a zone, a spreadsheet's day number, milliseconds since 1970. GB/T 7408 for what is
    published.

    Nothing is made up. A year and month alone (2020-06) is no date (date_incomplete): the first of the month would be
    another birthday. A year of two digits has no century (date_two_digit_year): 90 may be 1990, and 30 an end in 2030 or a
    birth in 1930. 06/05/2020 is June or May, and two dates in one field are a period: date_unreadable. Five digits are a
    spreadsheet's day only where the column comes from one (`excel_day`), else date_day_number. What has no end
    (长期, 9999-9-9) and what databases write for nothing (0000-00-00, 0001-01-01) is null and no defect.
#}

{# Whether a text says that something has no end. #}
{% macro says_no_end(x) %}{{ return(text_has(x, '长期|永久|无固定|无限期|^9999')) }}{% endmacro %}

{# Between year, month and day. #}
{% macro _separator() %}{{ return(' *[-/.年月\\\\‐-―－−／．。] *') }}{% endmacro %}

{# Behind a day: nothing, or a time; no second day. #}
{% macro _rest_of_day() %}{{ return('(?: *[日号] *|[ T] *|$)([^-/年]*)$') }}{% endmacro %}

{# Chinese numerals of a date to digits: 二十三 is 23, 十 is 10, 三〇 is 30. #}
{% macro _digits_for_numerals(x) -%}
    {%- set ones = '([一二三四五六七八九])' -%}
    {%- set tens = text_replaced(text_replaced(text_replaced(x, '([二三])十' ~ ones, '\\1\\2'), '([二三])十', '\\1〇'), '十' ~ ones, '一\\1') -%}
    {{ return("translate(replace(" ~ tens ~ ", '十', '一〇'), '〇○零一二三四五六七八九', '000123456789')") }}
{%- endmacro %}

{# The spellings that are tried one after the other, each as the day hyphenated (and for a timestamp the time) or a text that is no date. #}
{% macro _spellings(x, time) -%}
    {%- set rest = ' \\4' if time else '' -%}
    {%- set ours = '^([0-9]{4})' ~ _separator() ~ '([0-9]{1,2})' ~ _separator() ~ '([0-9]{1,2})' ~ _rest_of_day() -%}
    {{ return([
        text_replaced(x, ours, '\\1-\\2-\\3' ~ rest),
        text_replaced(x, '^([0-9]{4})([0-9]{2})([0-9]{2})[ T]?([0-9]{2}):?([0-9]{2}):?([0-9]{2})?([.][0-9]+)?$', '\\1-\\2-\\3' ~ (' \\4:\\5:0\\6' if time else '')),
        text_replaced(x, '^(1[3-9]|2[0-9]|3[01])[-/.](0?[1-9]|1[0-2])[-/.]([0-9]{4})' ~ _rest_of_day(), '\\3-\\2-\\1' ~ rest),
        text_replaced(x, '^(0?[1-9]|1[0-2])[-/.](1[3-9]|2[0-9]|3[01])[-/.]([0-9]{4})' ~ _rest_of_day(), '\\3-\\1-\\2' ~ rest),
        text_replaced(_digits_for_numerals(x), ours, '\\1-\\2-\\3' ~ rest),
    ]) }}
{%- endmacro %}

{# Spellings with letters, zones or without a calendar, as `type` date or timestamp. #}
{% macro _reckoned(x, type, excel_day) -%}
    {%- set serial = seconds_after("cast(" ~ days_after("date '1899-12-30'", cast_or_null(text_found(x, '^[0-9]{5}'), 'integer')) ~ " as timestamp)",
        "cast(round(coalesce(" ~ cast_or_null(text_found(x, '[.][0-9]+$'), 'double') ~ ", 0) * 86400) as integer)") -%}
    {{ return("cast(case " ~ ("when " ~ text_has(x, '^[0-9]{5}([.][0-9]+)?$') ~ " then " ~ serial if excel_day else "")
        ~ " when " ~ text_has(x, '^1[0-9]{12}$') ~ " then " ~ local_time_of_epoch(x)
        ~ " when " ~ text_has(x, '[A-Za-z]{3}.*[12][0-9]{3}') ~ " then " ~ english_time(x) ~ " end as " ~ type ~ ")") }}
{%- endmacro %}

{# Another zone than ours: +08:00 is the time as it is printed, also in the summers of 1986 to 1991, when the clock was an hour ahead. #}
{% macro _has_zone(x) %}{{ return("(" ~ text_has(x, ':[0-9.]+ ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$') ~ " and not " ~ text_has(x, _our_zone()) ~ ")") }}{% endmacro %}
{% macro _our_zone() %}{{ return(' ?[+]08(:?00)?$') }}{% endmacro %}

{# The day of any spelling; null for what has none or none of 1800 to 2199. The usual spellings cost a tenth of the others. #}
{% macro _day_of(x, excel_day=false) -%}
    {%- set others = [] -%}
    {%- for spelling in _spellings(x, false) -%}{%- do others.append(cast_or_null(spelling, 'date')) -%}{%- endfor -%}
    {%- set day = "case length(" ~ x ~ ") when 10 then " ~ cast_or_null(x, 'date') ~ " when 8 then " ~ compact_date(x) ~ " end" -%}
    {%- set other = "case when " ~ x ~ " is null or " ~ x ~ " like '9999%' or " ~ x ~ " like '长期%' or not " ~ text_has(x, '[0-9一二三四五六七八九十]') ~ " then null when " ~ _has_zone(x) ~ " then cast(" ~ local_time(x) ~ " as date) else coalesce("
        ~ others | join(', ') ~ ", " ~ _reckoned(x, 'date', excel_day) ~ ") end" -%}
    {{ return(with_value("coalesce(" ~ day ~ ", " ~ other ~ ")", "case when _v between date '1800-01-01' and date '2199-12-31' then _v end")) }}
{%- endmacro %}

{# {value, problem}: the date or null; the rule that is broken or null. `x`: a column of text. #}
{% macro date_checked(x, excel_day=false) -%}
    {%- set separator = _separator() -%}
    {%- set is_day = text_has(x, '^[0-9]{4}' ~ separator ~ '[0-9]{1,2}' ~ separator ~ '[0-9]{1,2}' ~ _rest_of_day() ~ '|^[0-9]{8}$') -%}
    {%- set exists = text_has(x, '[0-9]') ~ " and coalesce(" ~ cast_or_null(_spellings(x, false)[0], 'date') ~ ", " ~ compact_date(x) ~ ", " ~ _reckoned(x, 'date', excel_day) ~ ") is not null" -%}
    {%- set incomplete = text_has(x, '^(1[89]|2[01])[0-9]{2}(' ~ separator ~ '[0-9]{1,2})?[年月]?$|^(1[89]|2[01])[0-9]{2}(0[1-9]|1[0-2])$|^[0-9]{4}' ~ separator ~ '[0-9]{1,2}' ~ separator ~ '0?0( .*)?$|^[0-9]{6}00$') -%}
    {%- set two_digits = text_has(x, '^[0-9]{2}' ~ separator ~ '[0-9]{1,2}' ~ separator ~ '[0-9]{1,2}([^0-9].*)?$|^[0-9]{6}$|^[0-9]{1,2}[- ]?([A-Za-z]{3}|[0-9]{1,2}月)[- ]+[0-9]{2}([^0-9].*)?$') -%}
    {%- set problem = "case when " ~ x ~ " is null or " ~ says_no_end(x) ~ " or " ~ text_has(x, '^(000[01][-/.]?0?[01][-/.]?0?[01]|0+)( .*)?$') ~ " then null when " ~ incomplete ~ " then 'date_incomplete' when "
        ~ two_digits ~ " then 'date_two_digit_year' when " ~ text_has(x, '^[0-9]{5}([.][0-9]+)?$') ~ " then '" ~ ('date_range' if excel_day else 'date_day_number') ~ "' when " ~ exists ~ " then 'date_range' when " ~ is_day ~ " then 'date_impossible' else 'date_unreadable' end" -%}
    {%- set day = _day_of(x, excel_day) -%}
    {{ return(struct_of([('value', day), ('problem', "case when " ~ day ~ " is null then " ~ problem ~ " end")])) }}
{%- endmacro %}

{% macro date_of(x, excel_day=false) %}{{ return(_day_of("cast(" ~ x ~ " as string)", excel_day)) }}{% endmacro %}

{# When a source wrote a row: a time of day where it gives one. Null outside 1900 to 2199, so that no 9999 is the newest for ever. #}
{% macro timestamp_of(x, excel_day=false) -%}
    {%- set text = "cast(" ~ x ~ " as string)" -%}
    {%- set usual = "case length(" ~ text ~ ") when 19 then case when " ~ place_in(text, "'+'") ~ " = 0 then " ~ cast_or_null(text, 'timestamp') ~ " end when 10 then "
        ~ cast_or_null(text, 'timestamp') ~ " when 8 then cast(" ~ compact_date(text) ~ " as timestamp) end" -%}
    {#- 9时5分30秒 is 9:5:30. -#}
    {%- set spelled = text_replaced(text_replaced(text, _our_zone(), ''), '([0-9]{1,2}) *[时点] *([0-9]{1,2}) *分? *([0-9]{1,2})? *秒?$', ' \\1:\\2:0\\3') -%}
    {%- set others = [] -%}
    {%- for spelling in _spellings(spelled, true) -%}{%- do others.append(cast_or_null(text_replaced("trim(" ~ spelling ~ ")", ':0([0-9]{2})', ':\\1'), 'timestamp')) -%}{%- endfor -%}
    {%- set other = "case when " ~ text ~ " is null or " ~ says_no_end(text) ~ " or not " ~ text_has(text, '[0-9一二三四五六七八九十]') ~ " then null when " ~ _has_zone(text) ~ " then " ~ local_time(text) ~ " else coalesce("
        ~ others | join(', ') ~ ", " ~ _reckoned(text, 'timestamp', excel_day) ~ ", cast(" ~ _day_of(text, excel_day) ~ " as timestamp)) end" -%}
    {{ return(with_value("coalesce(" ~ usual ~ ", " ~ other ~ ")", "case when _v between timestamp '1900-01-01 00:00:00' and timestamp '2199-12-31 23:59:59' then _v end")) }}
{%- endmacro %}
