{#
    What the standards need of an engine: a value used several times, regular expressions, casts that may fail.
    Patterns are written for RE2 and Java alike: \d, \s, classes, groups; no look-around, no \x{...}.
#}

{#
    `body` is SQL over the name `_v`, which stands for `x` and is computed once. Standards build on each other, and
    without it every step would repeat the one before. Bodies may nest: an inner `_v` hides the outer one.
    DuckDB makes room for every step of a body anew for each 2,048 rows, whether or not a row comes so far: a body of 50
    steps costs 300 ns a row, one of 600 steps 5 µs. So the work goes into `x`, one step around the other, and the body
    stays small: a test, a choice.
#}
{% macro with_value(x, body) %}{{ return(adapter.dispatch('with_value')(x, body)) }}{% endmacro %}
{% macro duckdb__with_value(x, body) %}{{ return("list_transform([" ~ x ~ "], lambda _v: " ~ body ~ ")[1]") }}{% endmacro %}
{% macro spark__with_value(x, body) %}{{ return("transform(array(" ~ x ~ "), _v -> " ~ body ~ ")[0]") }}{% endmacro %}

{# Every occurrence of a pattern replaced; groups as \1. #}
{% macro text_replaced(x, pattern, replacement) %}{{ return(adapter.dispatch('text_replaced')(x, pattern, replacement)) }}{% endmacro %}
{% macro duckdb__text_replaced(x, pattern, replacement) %}{{ return("regexp_replace(" ~ x ~ ", '" ~ pattern ~ "', '" ~ replacement ~ "', 'g')") }}{% endmacro %}
{# Java's groups are $1. #}
{% macro spark__text_replaced(x, pattern, replacement) -%}
    {%- set java = namespace(text=replacement) -%}
    {%- for group in range(1, 10) -%}{%- set java.text = java.text.replace('\\' ~ group, '$' ~ group) -%}{%- endfor -%}
    {{ return("regexp_replace(" ~ x ~ ", r'" ~ pattern ~ "', '" ~ java.text ~ "')") }}
{%- endmacro %}

{# The first match of a pattern, an empty text without one. #}
{% macro text_found(x, pattern) %}{{ return(adapter.dispatch('text_found')(x, pattern)) }}{% endmacro %}
{% macro duckdb__text_found(x, pattern) %}{{ return("regexp_extract(" ~ x ~ ", '" ~ pattern ~ "')") }}{% endmacro %}
{% macro spark__text_found(x, pattern) %}{{ return("regexp_extract(" ~ x ~ ", r'" ~ pattern ~ "', 0)") }}{% endmacro %}

{# Null where the text is none of that type. #}
{% macro cast_or_null(x, type) %}{{ return(adapter.dispatch('cast_or_null')(x, type)) }}{% endmacro %}
{% macro default__cast_or_null(x, type) %}{{ return("try_cast(" ~ x ~ " as " ~ type ~ ")") }}{% endmacro %}
{# Spark reads 2020 and 2020-06 as the first of the year or month, and no sign but the hyphen. #}
{% macro spark__cast_or_null(x, type) -%}
    {%- if type not in ('date', 'timestamp') -%}{{ return(default__cast_or_null(x, type)) }}{%- endif -%}
    {%- set day = '^ *([0-9]{4})([-/ \\\\])([0-9]{1,2})\\2([0-9]{1,2})' -%}
    {%- set time = '([T ][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}([.][0-9]+)?)?)?' -%}
    {{ return("try_cast(regexp_replace(regexp_extract(" ~ x ~ ", r'" ~ day ~ time ~ " *$', 0), r'" ~ day ~ time ~ " *$', '$1-$3-$4$5') as " ~ type ~ ")") }}
{%- endmacro %}

{# A date some days later. #}
{% macro days_after(date, days) %}{{ return(adapter.dispatch('days_after')(date, days)) }}{% endmacro %}
{% macro duckdb__days_after(date, days) %}{{ return("(" ~ date ~ " + cast(" ~ days ~ " as integer))") }}{% endmacro %}
{% macro spark__days_after(date, days) %}{{ return("date_add(" ~ date ~ ", cast(" ~ days ~ " as integer))") }}{% endmacro %}

{# 1-based place of a text in another, 0 where it is not. #}
{% macro place_in(x, part) %}{{ return(adapter.dispatch('place_in')(x, part)) }}{% endmacro %}
{% macro default__place_in(x, part) %}{{ return("instr(" ~ x ~ ", " ~ part ~ ")") }}{% endmacro %}

{# The date in eight digits, yyyymmdd; null for anything else. #}
{% macro compact_date(x) %}{{ return(adapter.dispatch('compact_date')(x)) }}{% endmacro %}
{% macro duckdb__compact_date(x) %}{{ return("cast(try_strptime(" ~ x ~ ", '%Y%m%d') as date)") }}{% endmacro %}
{% macro spark__compact_date(x) %}{{ return("try_cast(regexp_replace(regexp_extract(" ~ x ~ ", r'^[0-9]{8}$', 0), r'^(....)(..)(..)$', '$1-$2-$3') as date)") }}{% endmacro %}

{# Whether a text holds another. #}
{% macro text_holds(x, part) %}{{ return(adapter.dispatch('text_holds')(x, part)) }}{% endmacro %}
{% macro default__text_holds(x, part) %}{{ return("contains(" ~ x ~ ", " ~ part ~ ")") }}{% endmacro %}

{# The value that stands for a text in a table known while SQL is compiled; null where the text is not in it. #}
{% macro looked_up(x, table) %}{{ return(adapter.dispatch('looked_up')(x, table)) }}{% endmacro %}
{% macro default__looked_up(x, table) -%}
    {%- set branches = [] -%}
    {%- for word, value in table.items() -%}{%- do branches.append("when '" ~ word.replace("'", "''") ~ "' then '" ~ value.replace("'", "''") ~ "'") -%}{%- endfor -%}
    {{ return("case " ~ x ~ " " ~ branches | join(' ') ~ " end") }}
{%- endmacro %}
{#
    A CASE asks word by word, 1 ns each; a map costs 60 to 100 ns whatever its size. (A cast to an enumeration finds as
    fast, but takes 10 µs over a text that it does not know.)
#}
{% macro duckdb__looked_up(x, table) -%}
    {%- if table | length <= 24 -%}{{ return(default__looked_up(x, table)) }}{%- endif -%}
    {%- set entries = [] -%}
    {#- Thousands of words: a macro for each would take seconds of every build. -#}
    {%- for word, value in table.items() -%}{%- do entries.append("'" ~ word.replace("'", "''") ~ "': '" ~ value.replace("'", "''") ~ "'") -%}{%- endfor -%}
    {{ return("map {" ~ entries | join(', ') ~ "}[" ~ x ~ "]") }}
{%- endmacro %}
{% macro spark__looked_up(x, table) -%}
    {%- set entries = [] -%}
    {%- for word, value in table.items() -%}{%- do entries.append(text_constant(word) ~ ", " ~ text_constant(value)) -%}{%- endfor -%}
    {{ return("map(" ~ entries | join(', ') ~ ")[" ~ x ~ "]") }}
{%- endmacro %}

{# A text as SQL. #}
{% macro text_constant(text) %}{{ return(adapter.dispatch('text_constant')(text)) }}{% endmacro %}
{% macro default__text_constant(text) %}{{ return("'" ~ text.replace("'", "''") ~ "'") }}{% endmacro %}
{% macro spark__text_constant(text) %}{{ return("'" ~ text.replace("\\", "\\\\").replace("'", "\\'") ~ "'") }}{% endmacro %}

{# Length in bytes: other than the number of characters where any is outside ASCII. #}
{% macro bytes_of(x) %}{{ return(adapter.dispatch('bytes_of')(x)) }}{% endmacro %}
{% macro default__bytes_of(x) %}{{ return("octet_length(" ~ x ~ ")") }}{% endmacro %}
{% macro duckdb__bytes_of(x) %}{{ return("strlen(" ~ x ~ ")") }}{% endmacro %}

{# The list of a text's characters. #}
{% macro characters_of(x) %}{{ return(adapter.dispatch('characters_of')(x)) }}{% endmacro %}
{% macro default__characters_of(x) %}{{ return("split(" ~ x ~ ", '')") }}{% endmacro %}

{# A list from left to right into one value: `step` is SQL over `_all` (so far, first `start`) and `_one`, of the same type. #}
{% macro folded(list, start, step) %}{{ return(adapter.dispatch('folded')(list, start, step)) }}{% endmacro %}
{% macro default__folded(list, start, step) %}{{ return("aggregate(" ~ list ~ ", " ~ start ~ ", (_all, _one) -> " ~ step ~ ")") }}{% endmacro %}
{% macro duckdb__folded(list, start, step) %}{{ return("list_reduce(" ~ list ~ ", lambda _all, _one: " ~ step ~ ", " ~ start ~ ")") }}{% endmacro %}

{# Each element of a list as `expression` over `_one`. #}
{% macro each_as(list, expression) %}{{ return(adapter.dispatch('each_as')(list, expression)) }}{% endmacro %}
{% macro default__each_as(list, expression) %}{{ return("transform(" ~ list ~ ", _one -> " ~ expression ~ ")") }}{% endmacro %}
{% macro duckdb__each_as(list, expression) %}{{ return("list_transform(" ~ list ~ ", lambda _one: " ~ expression ~ ")") }}{% endmacro %}

{# The first element of a list that fulfils a condition over `_one`; null where there is none. #}
{% macro first_where(list, condition) %}{{ return(adapter.dispatch('first_where')(list, condition)) }}{% endmacro %}
{% macro default__first_where(list, condition) %}{{ return("try_element_at(filter(" ~ list ~ ", _one -> " ~ condition ~ "), 1)") }}{% endmacro %}
{% macro duckdb__first_where(list, condition) %}{{ return("list_filter(" ~ list ~ ", lambda _one: " ~ condition ~ ")[1]") }}{% endmacro %}

{#
    The sum of each character's place in an alphabet (from 0; -1 where it has none) times its weight, from the character
    `first` on. Null for a text that has fewer characters than there are weights.
#}
{% macro weighted_places(x, alphabet, weights, first=1) %}{{ return(adapter.dispatch('weighted_places')(x, alphabet, weights, first)) }}{% endmacro %}
{% macro default__weighted_places(x, alphabet, weights, first) -%}
    {%- set parts = [] -%}
    {%- for weight in weights -%}
        {%- do parts.append(weight ~ " * (" ~ place_in("'" ~ alphabet ~ "'", "substr(" ~ x ~ ", " ~ (first + loop.index0) ~ ", 1)") ~ " - 1)") -%}
    {%- endfor -%}
    {{ return("case when length(" ~ x ~ ") >= " ~ (first + weights | length - 1) ~ " then " ~ parts | join(' + ') ~ " end") }}
{%- endmacro %}
{# In a body of with_value many steps are dear, hence one over a list; eight are few. #}
{% macro duckdb__weighted_places(x, alphabet, weights, first) -%}
    {%- if weights | length <= 8 -%}{{ return(default__weighted_places(x, alphabet, weights, first)) }}{%- endif -%}
    {%- set last = first + weights | length - 1 -%}
    {{ return("case when length(" ~ x ~ ") >= " ~ last ~ " then cast(list_dot_product(list_transform(split(substr(" ~ x ~ ", " ~ first ~ ", " ~ weights | length
        ~ "), ''), lambda _one: instr('" ~ alphabet ~ "', _one) - 1), " ~ weights ~ ") as integer) end") }}
{%- endmacro %}

{# All matches of a pattern, as a list of texts. #}
{% macro texts_found(x, pattern) %}{{ return(adapter.dispatch('texts_found')(x, pattern)) }}{% endmacro %}
{% macro duckdb__texts_found(x, pattern) %}{{ return("regexp_extract_all(" ~ x ~ ", '" ~ pattern ~ "')") }}{% endmacro %}
{% macro spark__texts_found(x, pattern) %}{{ return("regexp_extract_all(" ~ x ~ ", r'" ~ pattern ~ "', 0)") }}{% endmacro %}

{# The whole number that hexadecimal digits write; null for one that no 64 bits hold. #}
{% macro hexadecimal(x) %}{{ return(adapter.dispatch('hexadecimal')(x)) }}{% endmacro %}
{% macro duckdb__hexadecimal(x) %}{{ return("try_cast('0x' || " ~ x ~ " as bigint)") }}{% endmacro %}
{% macro spark__hexadecimal(x) %}{{ return("try_cast(conv(" ~ x ~ ", 16, 10) as bigint)") }}{% endmacro %}

{# The character of a Unicode number. #}
{% macro character_of(number) %}{{ return(adapter.dispatch('character_of')(number)) }}{% endmacro %}
{% macro duckdb__character_of(number) %}{{ return("chr(cast(" ~ number ~ " as integer))") }}{% endmacro %}
{# chr() of Spark ends at 255. #}
{% macro spark__character_of(number) %}{{ return("decode(unhex(lpad(hex(cast(" ~ number ~ " as integer)), 8, '0')), 'UTF-32')") }}{% endmacro %}

{# Composed characters in their one form (NFC); the compatibility ideographs U+F900-FAFF become the unified ones. #}
{% macro composed(x) %}{{ return(adapter.dispatch('composed')(x)) }}{% endmacro %}
{% macro duckdb__composed(x) %}{{ return("nfc_normalize(" ~ x ~ ")") }}{% endmacro %}
{# Spark has the library for its collations, but no function of its own. #}
{% macro spark__composed(x) %}{{ return("reflect('com.ibm.icu.text.Normalizer', 'compose', " ~ x ~ ", false)") }}{% endmacro %}

{# Local time of a text with a zone (…Z, …+08:00), and of milliseconds since 1970. One time holds in all of China. #}
{% macro local_time(x) %}{{ return(adapter.dispatch('local_time')(x)) }}{% endmacro %}
{% macro duckdb__local_time(x) %}{{ return("timezone('Asia/Shanghai', try_cast(" ~ x ~ " as timestamptz))") }}{% endmacro %}
{% macro spark__local_time(x) %}{{ return("convert_timezone(current_timezone(), 'Asia/Shanghai', cast(try_cast(" ~ x ~ " as timestamp_ltz) as timestamp_ntz))") }}{% endmacro %}
{% macro local_time_of_epoch(x) %}{{ return(adapter.dispatch('local_time_of_epoch')(x)) }}{% endmacro %}
{% macro duckdb__local_time_of_epoch(x) %}{{ return("timezone('Asia/Shanghai', to_timestamp(try_cast(" ~ x ~ " as bigint) / 1000))") }}{% endmacro %}
{% macro spark__local_time_of_epoch(x) %}{{ return("convert_timezone(current_timezone(), 'Asia/Shanghai', cast(timestamp_millis(try_cast(" ~ x ~ " as bigint)) as timestamp_ntz))") }}{% endmacro %}

{# A time in the English spellings of Oracle, SQL Server and Java; null for anything else. #}
{% macro english_time(x) %}{{ return(adapter.dispatch('english_time')(x)) }}{% endmacro %}
{% macro duckdb__english_time(x) -%}
    {{ return("try_strptime(" ~ x ~ ", ['%d-%b-%Y', '%b %d %Y', '%b %d, %Y', '%d %b %Y', '%b %d %Y %I:%M%p', '%b %d, %Y %I:%M:%S %p', '%a %b %d %H:%M:%S CST %Y'])") }}
{%- endmacro %}
{# Spark reads no day of the week. #}
{% macro spark__english_time(x) -%}
    {%- set tries = ["try_to_timestamp(regexp_replace(" ~ x ~ ", r'^[A-Za-z]{3} (.*) CST ([0-9]{4})$', '$1 $2'), 'MMM d HH:mm:ss yyyy')"] -%}
    {%- for form in ['d-MMM-yyyy', 'MMM d yyyy', 'MMM d, yyyy', 'd MMM yyyy', 'MMM d yyyy h:mma', 'MMM d, yyyy h:mm:ss a'] -%}
        {%- do tries.append("try_to_timestamp(" ~ x ~ ", '" ~ form ~ "')") -%}
    {%- endfor -%}
    {{ return("coalesce(" ~ tries | join(', ') ~ ")") }}
{%- endmacro %}

{# A time some seconds later. #}
{% macro seconds_after(time, seconds) %}{{ return(adapter.dispatch('seconds_after')(time, seconds)) }}{% endmacro %}
{% macro duckdb__seconds_after(time, seconds) %}{{ return("(" ~ time ~ " + to_seconds(" ~ seconds ~ "))") }}{% endmacro %}
{% macro spark__seconds_after(time, seconds) %}{{ return("(" ~ time ~ " + make_dt_interval(0, 0, 0, " ~ seconds ~ "))") }}{% endmacro %}

{# The same day some years later; 29 February becomes the 28th. #}
{% macro years_after(date, years) %}{{ return(adapter.dispatch('years_after')(date, years)) }}{% endmacro %}
{% macro duckdb__years_after(date, years) %}{{ return("cast(" ~ date ~ " + to_years(" ~ years ~ ") as date)") }}{% endmacro %}
{% macro spark__years_after(date, years) %}{{ return("add_months(" ~ date ~ ", 12 * (" ~ years ~ "))") }}{% endmacro %}

{# Full years between two dates. #}
{% macro full_years(start, finish) %}{{ return(adapter.dispatch('full_years')(start, finish)) }}{% endmacro %}
{% macro duckdb__full_years(start, finish) %}{{ return("date_sub('year', " ~ start ~ ", " ~ finish ~ ")") }}{% endmacro %}
{% macro spark__full_years(start, finish) %}{{ return("cast(floor(months_between(" ~ finish ~ ", " ~ start ~ ") / 12) as integer)") }}{% endmacro %}

{#
    The weighted sum of ISO 7064 MOD 11-2 over the first seventeen characters, which are digits: what it leaves modulo 11
    decides on the check character.
#}
{% macro sum_11_2(x) %}{{ return(adapter.dispatch('sum_11_2')(x)) }}{% endmacro %}
{% macro default__sum_11_2(x) -%}
    {{ return(weighted_places(x, '0123456789', [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) ~ " % 11") }}
{%- endmacro %}
{#
    Digits 2 to 17 read as hexadecimal are sixteen nibbles of one word. Weights of MOD 11-2 are powers of two: nibbles go
    into bytes (2 * left + right), bytes into 16 bits (4 * left + right). The four sums left weigh 16 = 5 (mod 11) against
    each other, and the remainder of their word by 65536 - 5 is just that. `condition` is over the word `_v`.
#}
{% macro duckdb__sum_11_2(x, condition='true') -%}
    {%- set m1, m2 = _word(0x0f0f0f0f0f0f0f0f), _word(0x00ff00ff00ff00ff) -%}
    {%- set bytes = "((_v & " ~ m1 ~ ") + 2 * ((_v >> 4) & " ~ m1 ~ "))" -%}
    {%- set shorts = "((" ~ bytes ~ " & " ~ m2 ~ ") + 4 * ((" ~ bytes ~ " >> 8) & " ~ m2 ~ "))" -%}
    {%- set sum = with_value("try_cast('0x' || substr(" ~ x ~ ", 2, 16) as ubigint)", "case when " ~ condition ~ " then cast(" ~ shorts ~ " % 65531 as integer) end") -%}
    {#- The first digit weighs 7; its ASCII code is 48 more, and 7 * 48 = -5 (mod 11). -#}
    {{ return("(7 * ascii(" ~ x ~ ") + 5 + 2 * " ~ sum ~ ") % 11") }}
{%- endmacro %}

{#
    What ISO 7064 MOD 11,10 has come to behind the first `count` characters, which are digits. Each step is
    p = 2 (s or 10) mod 11 with s = (p + digit) mod 10; "s or 10" is (s + 9) mod 10 + 1.
#}
{% macro state_11_10(x, count) %}{{ return(adapter.dispatch('state_11_10')(x, count)) }}{% endmacro %}
{% macro default__state_11_10(x, count) -%}
    {%- set digits = each_as(characters_of("substr(" ~ x ~ ", 1, " ~ count ~ ")"), cast_or_null('_one', 'integer')) -%}
    {{ return(folded(digits, '10', "((_all + _one + 9) % 10 + 1) * 2 % 11")) }}
{%- endmacro %}
{% macro duckdb__state_11_10(x, count) -%}
    {%- set state = namespace(sql='10') -%}
    {%- for place in range(count - 1, -1, -1) -%}
        {%- set state.sql = "((" ~ state.sql ~ " + cast((_v >> " ~ 4 * place ~ ") & 15 as integer) + 9) % 10 + 1) * 2 % 11" -%}
    {%- endfor -%}
    {{ return(with_value("try_cast('0x' || substr(" ~ x ~ ", 1, " ~ count ~ ") as ubigint)", state.sql)) }}
{%- endmacro %}

{#
    Quick looks. Nearly all numbers of a register are right, and the rules one by one cost 1.5 µs each; these look at all
    digits at once. True only for a number that keeps every rule; false or null means: look rule by rule. An engine
    without one looks rule by rule at all. Tests compare them with the rules on random numbers.
#}
{% macro surely_id_number(x) %}{{ return(adapter.dispatch('surely_id_number')(x)) }}{% endmacro %}
{% macro default__surely_id_number(x) %}{{ return("false") }}{% endmacro %}
{# The word of `sum_11_2` has the birth date in its nibbles 3 to 10. 29 February is left to the rules. #}
{% macro duckdb__surely_id_number(x) -%}
    {%- set low = "(_v & " ~ _word(0x0fffffffffffffff) ~ ")" -%}
    {%- set decimal = "_v < " ~ _word(0xa000000000000000) ~ " and xor(" ~ low ~ " + " ~ _word(0x0666666666666666) ~ ", " ~ low ~ ") & " ~ _word(0x1111111111111110) ~ " = 0" -%}
    {%- set day, month, date = "((_v >> 12) & 255)", "((_v >> 20) & 255)", "((_v >> 12) & 4294967295)" -%}
    {%- set born = date ~ " between " ~ 0x18500101 ~ " and " ~ build_day_number() ~ " and " ~ month ~ " between 1 and " ~ 0x12
        ~ " and " ~ day ~ " > 0 and (" ~ day ~ " <= " ~ 0x28 ~ " or " ~ day ~ " <= " ~ 0x30 ~ " and " ~ month ~ " <> 2 or " ~ day ~ " = " ~ 0x31
        ~ " and " ~ month ~ " in (1, 3, 5, 7, 8, " ~ 0x10 ~ ", " ~ 0x12 ~ "))" -%}
    {{ return("case when strlen(" ~ x ~ ") = 18 and not " ~ _has_stroke(x) ~ " then ascii(" ~ x ~ ") between 49 and 57 and suffix(" ~ x
        ~ ", substr('10X98765432', " ~ duckdb__sum_11_2(x, decimal ~ " and " ~ born) ~ " + 1, 1)) end") }}
{%- endmacro %}

{% macro surely_credit_code(x) %}{{ return(adapter.dispatch('surely_credit_code')(x)) }}{% endmacro %}
{% macro default__surely_credit_code(x) %}{{ return("false") }}{% endmacro %}
{#
    Eight digits as nibbles (codes of A, N and Y are left to the rules), eight characters as bytes of one word. A byte's
    value is its ASCII code less 48, less 7 from A on, less 1 after each of I, O, S, V, which the alphabet does not have.
    Weights are powers of 3 from the left. Pairs weigh 9 against each other, or 1/9 = 7 (mod 31) from the right: the
    remainder by 65536 - 7 of a word of four pairs; quartets 81, or 1/81 = 18.
#}
{% macro duckdb__surely_credit_code(x) -%}
    {%- set alphabet = "'0123456789ABCDEFGHJKLMNPQRTUWXY'" -%}
    {%- set m1 = _word(0x0f0f0f0f) -%}
    {%- set m2 = _word(0x00ff00ff00ff00ff) -%}
    {%- set digits = "xor(_v + " ~ _word(0x66666666) ~ ", _v) & " ~ _word(0x111111110) ~ " = 0" -%}
    {%- set pairs = "(((_v >> 4) & " ~ m1 ~ ") + 3 * (_v & " ~ m1 ~ "))" -%}
    {%- set quartets = "(((" ~ pairs ~ " >> 8) & " ~ m2 ~ ") + 9 * (" ~ pairs ~ " & " ~ m2 ~ "))" -%}
    {%- set head = with_value("try_cast('0x' || substr(" ~ x ~ ", 1, 8) as ubigint)", "case when " ~ digits ~ " then 19 * cast(" ~ quartets ~ " % 65518 as integer) end") -%}
    {%- set values = "_v - " ~ _bytes(48) -%}
    {%- set allowed = "(_v + " ~ _bytes(80) ~ ") & (" ~ _bytes(217) ~ " - _v) & ((_v + " ~ _bytes(63) ~ ") | (" ~ _bytes(185) ~ " - _v))" -%}
    {%- set made = namespace(values=values, allowed=allowed) -%}
    {%- for from, less in [(0x41, 7), (0x4a, 1), (0x50, 1), (0x54, 1), (0x57, 1)] -%}
        {%- set made.values = made.values ~ " - " ~ less ~ " * (((_v + " ~ _bytes(128 - from) ~ ") >> 7) & " ~ _bytes(1) ~ ")" -%}
    {%- endfor -%}
    {%- for letter in [0x49, 0x4f, 0x53, 0x56] -%}
        {%- set made.allowed = made.allowed ~ " & (xor(_v, " ~ _bytes(letter) ~ ") + " ~ _bytes(127) ~ ")" -%}
    {%- endfor -%}
    {%- set values = with_value("try_cast('0x' || hex(substr(" ~ x ~ ", 9, 8)) as ubigint)",
        "case when " ~ made.allowed ~ " & " ~ _bytes(128) ~ " = " ~ _bytes(128) ~ " then " ~ made.values ~ " end") -%}
    {%- set body = with_value(values, "16 * cast((((_v >> 8) & " ~ m2 ~ ") + 3 * (_v & " ~ m2 ~ ")) % 65529 as integer)") -%}
    {%- set last = "28 * nullif(instr(" ~ alphabet ~ ", substr(" ~ x ~ ", 17, 1)), 0) + nullif(instr(" ~ alphabet ~ ", substr(" ~ x ~ ", 18, 1)), 0) - 29" -%}
    {{ return("case when length(" ~ x ~ ") = 18 and strlen(" ~ x ~ ") = 18 and not " ~ _has_stroke(x) ~ " then (" ~ head ~ " + 20 * " ~ body ~ " + " ~ last ~ ") % 31 = 0 end") }}
{%- endmacro %}
{# A cast to a number passes over 1_000's stroke. #}
{% macro _has_stroke(x) %}{{ return("contains(" ~ x ~ ", '_')") }}{% endmacro %}
{% macro _word(number) %}{{ return("cast(" ~ number ~ " as ubigint)") }}{% endmacro %}
{% macro _bytes(number) %}{{ return(_word(number * 0x0101010101010101)) }}{% endmacro %}
