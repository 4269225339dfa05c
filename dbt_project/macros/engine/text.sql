{#
    What the standards need of an engine: a value used several times, regular expressions, casts that may fail.
    Patterns are written for RE2 and Java alike: \d, \s, classes, groups; no look-around, no \x{...}.
#}

{#
    `body` is SQL over the name `_v`, which stands for `x` and is computed once. Standards build on each other, and
    without it every step would repeat the one before. Bodies may nest: an inner `_v` hides the outer one.
#}
{% macro with_value(x, body) %}{{ return(adapter.dispatch('with_value')(x, body)) }}{% endmacro %}
{% macro duckdb__with_value(x, body) %}{{ return("list_transform([" ~ x ~ "], lambda _v: " ~ body ~ ")[1]") }}{% endmacro %}

{# Every occurrence of a pattern replaced; groups as \1. #}
{% macro text_replaced(x, pattern, replacement) %}{{ return(adapter.dispatch('text_replaced')(x, pattern, replacement)) }}{% endmacro %}
{% macro duckdb__text_replaced(x, pattern, replacement) %}{{ return("regexp_replace(" ~ x ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "', 'g')") }}{% endmacro %}

{# The first match of a pattern, an empty text without one. #}
{% macro text_found(x, pattern) %}{{ return(adapter.dispatch('text_found')(x, pattern)) }}{% endmacro %}
{% macro duckdb__text_found(x, pattern) %}{{ return("regexp_extract(" ~ x ~ ", '" ~ pattern ~ "')") }}{% endmacro %}

{# Null where the text is none of that type. #}
{% macro cast_or_null(x, type) %}{{ return(adapter.dispatch('cast_or_null')(x, type)) }}{% endmacro %}
{% macro default__cast_or_null(x, type) %}{{ return("try_cast(" ~ x ~ " as " ~ type ~ ")") }}{% endmacro %}

{# A date some days later. #}
{% macro days_after(date, days) %}{{ return(adapter.dispatch('days_after')(date, days)) }}{% endmacro %}
{% macro duckdb__days_after(date, days) %}{{ return("(" ~ date ~ " + cast(" ~ days ~ " as integer))") }}{% endmacro %}

{# 1-based place of a text in another, 0 where it is not. #}
{% macro place_in(x, part) %}{{ return(adapter.dispatch('place_in')(x, part)) }}{% endmacro %}
{% macro default__place_in(x, part) %}{{ return("instr(" ~ x ~ ", " ~ part ~ ")") }}{% endmacro %}

{# The date in eight digits, yyyymmdd; null for anything else. #}
{% macro compact_date(x) %}{{ return(adapter.dispatch('compact_date')(x)) }}{% endmacro %}
{% macro duckdb__compact_date(x) %}{{ return("cast(try_strptime(" ~ x ~ ", '%Y%m%d') as date)") }}{% endmacro %}

{# Whether a text holds another. #}
{% macro text_holds(x, part) %}{{ return(adapter.dispatch('text_holds')(x, part)) }}{% endmacro %}
{% macro default__text_holds(x, part) %}{{ return("contains(" ~ x ~ ", " ~ part ~ ")") }}{% endmacro %}
