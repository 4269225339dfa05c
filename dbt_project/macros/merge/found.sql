{#
    Defects that several staging models look for, on top of the standards' own problem macros. Each gives one or a
    list of `defect(rule, item, condition)`; `x` is a SQL expression, `name` the source's item as it is named.
    What keeps a claim out (a key that is not usable) is no defect but the claim's key_problem.
#}

{# What the cleaning of numbers repairs, seen in the source's own text. #}
{% macro number_repairs(columns) -%}
    {%- set found = [] -%}
    {%- for column in columns -%}
        {%- do found.extend(repairs_of(meta_of(column).get('standard'), "trim(" ~ item_text(column.name) ~ ")", column.name)) -%}
    {%- endfor -%}
    {{ return(without_nulls(list_of(found)) if found else no_list(defect_type())) }}
{%- endmacro %}

{# In one number: 15 digits, small letters. #}
{% macro repairs_of(standard, x, name) -%}
    {%- if standard == 'id_number' -%}
        {{ return([
            defect('id_number_15', name, "length(" ~ x ~ ") = 15 and " ~ text_has(x, '^[0-9]{15}$')),
            defect('id_number_case', name, x ~ " like '%x'"),
        ]) }}
    {%- endif -%}
    {{ return([defect('credit_code_case', name, text_has(x, '[a-z]'))] if standard == 'credit_code' else []) }}
{%- endmacro %}

{# `others` and the rules that items break, by what the catalogue declares of them; and what a good number makes doubtful. #}
{% macro item_defects(columns, others=[]) -%}
    {%- set found = others | list -%}
    {%- for column in columns if has_standard(column) -%}
        {%- set value = item(column.name ~ ':') ~ '.value' -%}
        {%- set problem = item(column.name ~ ':') ~ '.problem' -%}
        {%- if not is_key_standard(column) -%}
            {%- do found.append("case when " ~ problem ~ " is not null then " ~ struct_of([('rule', problem), ('item', "'" ~ column.name ~ "'")]) ~ " end") -%}
        {%- endif -%}
        {%- set doubt = doubt_of(value, meta_of(column).get('standard')) -%}
        {%- if doubt -%}
            {%- do found.append(with_value(doubt, "case when _v is not null then " ~ struct_of([('rule', '_v'), ('item', "'" ~ column.name ~ "'")]) ~ " end")) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(without_nulls(list_of(found)) if found else no_list(defect_type())) }}
{%- endmacro %}

{#
    Cells of a workbook that have no value for a reason: a number beyond fifteen digits, an error, a formula that nobody has
    computed. The reader lands them as null, and `_raw` of such a row, which has no `_problem`, says of which item by which
    rule: {"身份证号": ["digits_lost", "4.1E+17"]}.
#}
{% macro may_lose_cells(node) %}{{ return(meta_of(node).get('connector', {}).get('kind') == 'excel') }}{% endmacro %}

{# SQL for the rule by which an item's cell is lost, or null. #}
{% macro lost_cell(name) -%}
    {%- set written = name | replace('\\', '\\\\') | replace('"', '\\"') | replace("'", "''") -%}
    {%- set cases = [] -%}
    {%- for rule in ['digits_lost', 'error_cell', 'formula_without_value'] -%}
        {%- do cases.append("when " ~ place_in('_raw', "'\"" ~ written ~ "\": [\"" ~ rule ~ "\"'") ~ " > 0 then '" ~ rule ~ "'") -%}
    {%- endfor -%}
    {{ return("case when _raw is null or _problem is not null then null " ~ cases | join(' ') ~ " end") }}
{%- endmacro %}

{# The problem of an item with a standard: a lost cell of a key is no missing key. #}
{% macro lost_cell_or(node, column, problem) -%}
    {{ return("coalesce(" ~ lost_cell(column.name) ~ ", " ~ problem ~ ")" if may_lose_cells(node) and is_key_standard(column) else problem) }}
{%- endmacro %}

{% macro lost_cells(columns) -%}
    {%- set found = [] -%}
    {%- for column in columns -%}
        {%- do found.append(with_value(lost_cell(column.name), "case when _v is not null then " ~ struct_of([('rule', '_v'), ('item', "'" ~ column.name ~ "'")]) ~ " end")) -%}
    {%- endfor -%}
    {{ return("case when _raw is null then " ~ no_list(defect_type()) ~ " else " ~ without_nulls(list_of(found)) ~ " end") }}
{%- endmacro %}

{# Two names in one field: a representative is one person. #}
{% macro several_people(x, name) -%}
    {{ return(defect('several_people', name, text_has("coalesce(cast(" ~ x ~ " as string), '')", '[^ 　][、，,;；/][^ 　]'))) }}
{%- endmacro %}

{% macro capital_defect(x, name) -%}
    {{ return(defect('capital_format', name, x ~ " is not null and " ~ capital_amount(x) ~ " is null")) }}
{%- endmacro %}

{# `attribute`: sex or birth_date; `value`: the item that says it; `number`: the item with the identity number. #}
{% macro disagrees_with_id(attribute, value, number, name) -%}
    {%- set of_number = context['id_number_' ~ attribute](item(number)) -%}
    {{ return(defect(attribute ~ '_disagrees_with_id', name, item(value) ~ " <> " ~ of_number)) }}
{%- endmacro %}

{# A 15-digit registration number from its own item, or from one where it stands in place of the credit code. #}
{% macro registration_number(x, other=none) -%}
    {%- set parts = [] -%}
    {%- for candidate in [x, other] if candidate is not none -%}
        {%- do parts.append("(" ~ registration_number_checked("case when length(" ~ number_text(candidate) ~ ") = 15 then " ~ candidate ~ " end") ~ ").value") -%}
    {%- endfor -%}
    {{ return("coalesce(" ~ parts | join(', ') ~ ")") }}
{%- endmacro %}

{# What the standing of its holder says of a certificate that is the registration itself (a licence, an institution's certificate). #}
{% macro status_by_registration(x) %}{{ return("case when " ~ x ~ " = '1' then '11' when " ~ x ~ " is not null then '5' end") }}{% endmacro %}

{#
    What a marriage register's row says of one party: a divorce says that there is no spouse and no marriage, a
    certificate issued again says nothing of the date. `other_number`, `kind`, `date`: items.
#}
{% macro marriage_state(prefix, other_number, kind, date) -%}
    {%- set divorced = "coalesce(" ~ item(kind) ~ ", '') like '离婚%'" -%}
    case when {{ divorced }} then '40' else '20' end as {{ prefix }}marital_status,
    case when {{ divorced }} then {{ none_of('date') }} when {{ item(kind) }} like '补%' then null else {{ item(date) }} end as {{ prefix }}marriage_date,
    case when {{ divorced }} then {{ none_of('varchar') }} else {{ item(other_number) }} end as {{ prefix }}spouse_id_number
{%- endmacro %}

{#
    Repairs of text that any item may need, looked for item by item only in rows where one look over all items shows
    something. `columns`: the items. Raw texts show what was repaired, clean ones (`_tidied`) what is lost.
#}
{% macro text_repairs(columns) -%}
    {%- set rules = {
        'space_in_text': '^ | $|[\\x00-\\x1f\u3000\u00a0]',
        'full_width': '[０-９Ａ-Ｚａ-ｚ]',
        'html_entity': '&(#[0-9]+|#[xX][0-9a-fA-F]+);?|&[a-zA-Z]+[0-9]*;',
    } -%}
    {%- set texts, lost_texts = [], [] -%}
    {%- for column in columns -%}
        {%- set named = ('item', "'" ~ column.name ~ "'") -%}
        {%- do texts.append(struct_of([named, ('text', item_text(column.name))])) -%}
        {%- do lost_texts.append(struct_of([named, ('text', element_of('_tidied', loop.index)), ('person', 'true' if meta_of(column).get('standard') == 'name' else 'false')])) -%}
    {%- endfor -%}
    {%- set found = [] -%}
    {%- for rule, pattern in rules.items() -%}
        {%- do found.append(defect_in(rule, '_one.item', text_has('_one.text', pattern))) -%}
    {%- endfor -%}
    {%- set lost = [defect_in('text_lost', '_one.item', lost_character('_one.text')), defect_in('text_masked', '_one.item', '_one.person and ' ~ masked_name('_one.text'))] -%}
    {%- set repaired = "flatten(" ~ each_as(list_of(texts), list_of(found)) ~ ")" -%}
    {%- set damaged = "flatten(" ~ each_as(list_of(lost_texts), list_of(lost)) ~ ")" -%}
    {{ return("case when _maybe_damaged then " ~ without_nulls(list_joined(repaired, damaged)) ~ " when _untidy then " ~ without_nulls(repaired) ~ " else " ~ no_list(defect_type()) ~ " end") }}
{%- endmacro %}
