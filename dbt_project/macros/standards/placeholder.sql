{#
    Whether a number is none: something that had to stand in the field. One character over and over (000000000000000), digits
    or letters in their order (123456789012345, ABC), and what a spreadsheet made of a number that was one (4.10711E+14, of
    which most digits are gone, or 410711000012345.0). `x`: SQL of few steps, as it is written often. Null for null.
#}
{% macro is_placeholder(x) -%}
    {%- set orders = '01234567890123456789012345 98765432109876543210987654 ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
    {{ return("((replace(" ~ x ~ ", substr(" ~ x ~ ", 1, 1), '') = '' and (length(" ~ x ~ ") > 3 or substr(" ~ x ~ ", 1, 1) = '0')) or (length(" ~ x ~ ") > 5 or length(" ~ x ~ ") > 2 and " ~ x ~ " like 'AB%') and "
        ~ place_in("'" ~ orders ~ "'", x) ~ " > 0 or (" ~ place_in(x, "'.'") ~ " > 0 or " ~ place_in(x, "'+'") ~ " > 0) and " ~ text_has(x, '^[0-9]+([.][0-9]*)?[Ee][+-]?[0-9]+$|^[0-9]+[.]0*$') ~ ")") }}
{%- endmacro %}

{# A number's text, upper case and without what stands between its digits; null where it is a placeholder. #}
{% macro usable_number(x) %}{{ return(with_value(number_text(x), "case when not " ~ is_placeholder('_v') ~ " then _v end")) }}{% endmacro %}

{#
    {value, problem} of a number that counts only in its form: `form`, a pattern of the number's text; `unusable`, SQL over
    `_v` for what has the form and is no number all the same; `doubt`, SQL over `_v` for a rule that such a number breaks
    and stays; `rule`, that the form is broken.
#}
{% macro number_checked(x, form, rule, unusable='false', doubt='cast(null as string)') -%}
    {%- set problem = "case when " ~ is_placeholder('_v') ~ " or " ~ unusable ~ " then 'number_placeholder' when not " ~ text_has('_v', form) ~ " then '" ~ rule ~ "' else " ~ doubt ~ " end" -%}
    {{ return(with_value(with_value(number_text(x), struct_of([('v', '_v'), ('p', problem)])),
        struct_of([('value', "case when _v.p in ('number_placeholder', '" ~ rule ~ "') then null else _v.v end"), ('problem', '_v.p')]))) }}
{%- endmacro %}

{# How many different names make a number that they share a placeholder (variable of the project). #}
{% macro names_of_a_placeholder() %}{{ return(var('names_of_a_placeholder', 5)) }}{% endmacro %}
