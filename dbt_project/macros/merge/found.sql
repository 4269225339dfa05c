{#
    Defects that several staging models look for, on top of the standards' own problem macros. Each gives one or a
    list of `defect(rule, item, condition)`; `x` is a SQL expression, `name` the source's item as it is named.
    What keeps a claim out (a key that is not usable) is no defect but the claim's key_problem.
#}

{# What the cleaning of an identity number changed or doubts. #}
{% macro id_number_defects(x, name) -%}
    {%- set text = "trim(cast(" ~ x ~ " as varchar))" -%}
    {%- set number = id_number(x) -%}
    {{ return([
        defect('id_number_15', name, number ~ " is not null and length(" ~ text ~ ") = 15"),
        defect('id_number_case', name, number ~ " is not null and " ~ text ~ " like '%x'"),
    ]) }}
{%- endmacro %}

{% macro credit_code_defects(x, name) -%}
    {%- set text = "cast(" ~ x ~ " as varchar)" -%}
    {{ return([
        defect('credit_code_case', name, credit_code(x) ~ " is not null and " ~ text ~ " <> upper(" ~ text ~ ")"),
        defect('credit_code_inner_check', name, with_value(credit_code(x), organisation_check_character('_v', 9) ~ " <> substr(_v, 17, 1)")),
    ]) }}
{%- endmacro %}

{% macro date_defect(x, name) -%}
    {{ return(
        "case when " ~ date_problem(x) ~ " is not null then "
        ~ struct_of([('rule', date_problem(x)), ('item', "'" ~ name ~ "'")]) ~ " end"
    ) }}
{%- endmacro %}

{% macro digits_in_name(x, name) -%}
    {{ return(defect('digits_in_name', name, text_has("coalesce(cast(" ~ x ~ " as varchar), '')", '[0-9０-９]'))) }}
{%- endmacro %}

{# Two names in one field: a representative is one person. #}
{% macro several_people(x, name) -%}
    {{ return(defect('several_people', name, text_has("coalesce(cast(" ~ x ~ " as varchar), '')", '[^ 　][、，,;；/][^ 　]'))) }}
{%- endmacro %}

{% macro capital_defect(x, name) -%}
    {{ return(defect('capital_format', name, clean_text(x) ~ " is not null and " ~ capital_amount(x) ~ " is null")) }}
{%- endmacro %}

{# `attribute`: sex or birth_date; `value`: what the row says, cleaned; `number`: its identity number. #}
{% macro disagrees_with_id(attribute, value, number, name) -%}
    {%- set of_number = context['id_number_' ~ attribute](id_number(number)) -%}
    {{ return(defect(attribute ~ '_disagrees_with_id', name, value ~ " <> " ~ of_number)) }}
{%- endmacro %}

{# A 15-digit registration number from its own item, or from one where it stands in place of the credit code. #}
{% macro registration_number(x, other=none) -%}
    {%- set parts = [] -%}
    {%- for candidate in [x, other] if candidate is not none -%}
        {%- do parts.append("case when length(" ~ old_number(candidate) ~ ") = 15 then " ~ old_number(candidate) ~ " end") -%}
    {%- endfor -%}
    {{ return("coalesce(" ~ parts | join(', ') ~ ")") }}
{%- endmacro %}

{#
    What a marriage register's row says of one party: a divorce says that there is no spouse and no marriage, a
    certificate issued again says nothing of the date.
#}
{% macro marriage_state(prefix, other_number, kind, date) -%}
    {%- set divorced = "coalesce(" ~ clean_text(kind) ~ ", '') like '离婚%'" -%}
    case when {{ divorced }} then '40' else '20' end as {{ prefix }}marital_status,
    case when {{ divorced }} then {{ none_of('date') }} when {{ clean_text(kind) }} like '补%' then null else {{ date_of(date) }} end as {{ prefix }}marriage_date,
    case when {{ divorced }} then {{ none_of('varchar') }} else {{ id_number(other_number) }} end as {{ prefix }}spouse_id_number
{%- endmacro %}

{# What follows from what the catalogue declares of each item: its standard, or the code table it is decoded by. #}
{% macro item_defects(columns) -%}
    {%- set found = [] -%}
    {%- for column in columns -%}
        {%- set meta = meta_of(column) -%}
        {%- set standard = meta.get('standard') -%}
        {%- if standard == 'id_number' -%}{%- do found.extend(id_number_defects(item(column.name), column.name)) -%}
        {%- elif standard == 'credit_code' -%}{%- do found.extend(credit_code_defects(item(column.name), column.name)) -%}
        {%- elif standard == 'date' -%}{%- do found.append(date_defect(item(column.name), column.name)) -%}
        {%- elif standard == 'name' -%}{%- do found.append(digits_in_name(item(column.name), column.name)) -%}
        {%- elif standard == 'phone' -%}{%- do found.append(phone_defect(item(column.name), column.name)) -%}
        {%- endif -%}
        {%- if meta.get('codes') -%}{%- do found.append(unknown_code(item(column.name), column.name, meta.codes)) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(without_nulls(list_of(found)) if found else no_list(defect_type())) }}
{%- endmacro %}

{% macro phone_defect(x, name) -%}
    {{ return(defect('phone_form', name, clean_text(x) ~ " is not null and " ~ phone(x) ~ " is null")) }}
{%- endmacro %}

{% macro unknown_code(x, name, table) -%}
    {{ return(defect('code_unknown', name, clean_text(x) ~ " is not null and " ~ decode(x, table) ~ " is null")) }}
{%- endmacro %}

{#
    Repairs of text that any item may need, looked for item by item only in rows where one look over all items shows
    something. `names`: the items.
#}
{% macro text_repairs(names) -%}
    {%- set rules = {
        'space_in_text': '^[ \t\u3000\u00a0]|[ \t\u3000\u00a0]$|[\t\u3000\u00a0]',
        'full_width': '[０-９Ａ-Ｚａ-ｚ]',
        'html_entity': '&(#[0-9]+|[a-zA-Z]+);',
    } -%}
    {%- set found = [] -%}
    {%- for name in names -%}
        {%- for rule, pattern in rules.items() -%}
            {%- do found.append(defect(rule, name, text_has("cast(" ~ item(name) ~ " as varchar)", pattern))) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set any = '(^|\x1f)[ ]|[ ](\x1f|$)|[\t\u3000\u00a0０-９Ａ-Ｚａ-ｚ]|&(#[0-9]+|[a-zA-Z]+);' -%}
    {{ return(
        "case when " ~ text_has(side_by_side(names), any) ~ " then " ~ without_nulls(list_of(found))
        ~ " else " ~ no_list(defect_type()) ~ " end"
    ) }}
{%- endmacro %}
