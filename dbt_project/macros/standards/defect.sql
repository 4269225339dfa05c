{# One finding: the rule (seed `rules`), the source's item, and the SQL condition under which the row breaks it. #}
{% macro defect(rule, item, condition) %}{{ return(defect_in(rule, "'" ~ item ~ "'", condition)) }}{% endmacro %}

{# The same where SQL tells the item's name. #}
{% macro defect_in(rule, item, condition) -%}
    {{ return("case when " ~ condition ~ " then " ~ struct_of([('rule', "'" ~ rule ~ "'"), ('item', item)]) ~ " end") }}
{%- endmacro %}

{% macro defect_type() %}{{ return('struct(rule varchar, item varchar)') }}{% endmacro %}

{#
    What a standard makes of a text: {value, problem}. `value` is SQL for the value where `problem`, SQL for the rule that
    is broken, is null. Both may use `_v`.
#}
{% macro checked(value, problem) -%}
    {{ return(with_value(struct_of([('v', value), ('p', problem)]),
        struct_of([('value', "case when _v.p is null then _v.v end"), ('problem', '_v.p')]))) }}
{%- endmacro %}

{#
    The standards that a catalogue's item may declare (`standard`, or `codes` for a code table): SQL for {value, problem}
    over clean text, or none where the item stays clean text. The one place where a declared word becomes a rule.
    `excel_day`: the column comes from a spreadsheet, so that five digits are a day's number.
#}
{% macro standard_of(x, standard, codes, excel_day=false) -%}
    {%- if codes -%}{{ return(checked_or(x, decode(x, codes), 'code_unknown')) }}
    {%- elif standard == 'id_number' -%}{{ return(id_number_checked(x)) }}
    {%- elif standard == 'credit_code' -%}{{ return(credit_code_checked(x)) }}
    {%- elif standard == 'date' -%}{{ return(date_checked(x, excel_day)) }}
    {%- elif standard == 'phone' -%}{{ return(checked_or(x, phone(x), 'phone_form')) }}
    {%- elif standard == 'division' -%}{{ return(checked_or(x, division(x), 'code_unknown')) }}
    {%- elif standard == 'industry' -%}{{ return(checked_or(x, industry(x), 'code_unknown')) }}
    {%- elif standard == 'name' -%}{{ return(name_checked(x)) }}
    {%- elif standard == 'organisation_name' -%}{{ return(organisation_name_checked(x)) }}
    {%- elif standard == 'registration_number' -%}{{ return(registration_number_checked(x)) }}
    {%- elif standard == 'organisation_code' -%}{{ return(organisation_code_checked(x)) }}
    {%- elif standard == 'currency' -%}{{ return(checked_or(x, _currency_in(x), 'code_unknown')) }}
    {%- elif standard == 'tax_number' -%}{{ return(tax_number_checked(x)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#
    What is doubtful about a good number, though it stays: SQL for a rule or null over the standard's value, or none. For
    the standards whose `problem` says that there is no number at all.
#}
{% macro doubt_of(value, standard) -%}
    {%- if standard == 'id_number' -%}{{ return(id_number_doubt(value)) }}
    {%- elif standard == 'credit_code' -%}{{ return(credit_code_doubt(value)) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# {value, problem} of a value that is null where the text breaks the rule. #}
{% macro checked_or(x, value, rule) -%}
    {{ return(with_value(value, struct_of([('value', '_v'), ('problem', "case when _v is null and " ~ x ~ " is not null then '" ~ rule ~ "' end")]))) }}
{%- endmacro %}
