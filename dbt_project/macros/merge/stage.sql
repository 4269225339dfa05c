{#
    What every staging model shares, so that a model says only which item becomes which attribute:

        with {{ stage('department', 'resource', recorded_at=timestamp_of(item('更新时间'))) }}
        select {{ row_columns() }}, 姓名 as person_name from landed
#}

{# A source's column by its own name, which may be Chinese or hold brackets. #}
{% macro item(name) %}{{ return(adapter.quote(name)) }}{% endmacro %}

{# The clean text of an item whose value, by its standard, is another or null. #}
{% macro as_written(name) %}{{ return(item(name ~ ':text')) }}{% endmacro %}

{# The same as text: databases give numbers and dates as such. #}
{% macro item_text(name) %}{{ return("cast(" ~ item(name) ~ " as string)") }}{% endmacro %}

{#
    Stands for an item's name in SQL that is written once and read for many items: some hundred calls of macros go into
    the cleaning of a text, and a small build's time is dbt's own.
#}
{% macro any_item() %}{{ return('\x1a') }}{% endmacro %}

{#
    What the catalogue declares an item to be, as SQL for {value, problem}. Five digits are a spreadsheet's day where the
    resource is a workbook, or the item declares `excel_day: true`.
#}
{% macro item_standard(column, node) -%}
    {%- set meta = meta_of(column) -%}
    {%- set excel_day = meta.get('excel_day', meta_of(node).get('connector', {}).get('kind') == 'excel') -%}
    {%- set written = 'standard ' ~ meta.get('standard') ~ ' ' ~ meta.get('codes') ~ ' ' ~ excel_day -%}
    {%- if written not in graph -%}
        {%- do graph.update({written: standard_of(item(any_item()), meta.get('standard'), meta.get('codes'), excel_day)}) -%}
    {%- endif -%}
    {{ return(graph[written].replace(any_item(), column.name)) }}
{%- endmacro %}

{# Whether it declares anything. Asked often; what it declares is long. #}
{% macro has_standard(column) %}{{ return(meta_of(column).get('standard') or meta_of(column).get('codes')) }}{% endmacro %}

{# Whether the item can be a claim's key: what is wrong with it keeps the claim out, and is no defect of the row. #}
{% macro is_key_standard(column) %}{{ return(meta_of(column).get('standard') in ('id_number', 'credit_code')) }}{% endmacro %}

{#
    Steps that end in `landed`: each row with its address and standing, and each item as the catalogue declares it. An
    item with a standard or a code table is its standard value (a date, a code, a name; null where the rule is broken),
    any other is clean text. What the source wrote stays at the row's address in the landing.
    _record_key   the declared key, parts joined with '|' (within a part: ^|, and ^^ for ^); null when all parts are empty
    _scope        hash of the key: what is staged again together
    _content      hash of what the row says, to tell a duplicate by
    _build        the build that staged the row
    _recorded_at  when the source says it wrote the row (`recorded_at`: SQL over items, which are clean text there);
                  null where that is later than a day after the row landed
    _status       duplicate: equal to the version before it; superseded: a later version of the record exists;
                  else current. Versions of a record are ordered by _recorded_at, then as they landed; one without a time
                  stands behind all that landed before it. A
                  withdrawal (_op delete) ends all that landed before it, whatever time those rows claim.
    _problem      why the row as a whole cannot be read (found by the connector, or destroyed text)
    _damaged      whether a text of the row has lost a character, or a name is masked: see `attribute_order`
    _row_defects  repairs common to all text items, rules that items break, and repeated_key
    <item>:problem  of an item with a standard: the rule that it breaks, or null
    <item>:text     of an item with a standard: the clean text that it was read from
    Only records with more than one row are put in order: they are few, and the rows are wide.
#}
{% macro stage(department, resource, recorded_at='cast(null as timestamp)') -%}
    {%- set landed = source(department, resource) -%}
    {%- if not execute -%}
        {{ return('landed as (select * from ' ~ landed ~ ')') }}
    {%- endif -%}
    {%- set node = source_node(department, resource) -%}
    {%- set columns = node.columns.values() | list -%}
    {%- set items = columns | map(attribute='name') | list -%}
    {%- set keys = keys_of(node) -%}
    {%- set key = record_key(keys) -%}
    {%- set rows = rows_to_stage(landed, department ~ '.' ~ resource) -%}
    {%- set problem = row_problem(items) -%}
    {%- set texts = [] -%}
    {%- for name in items -%}{%- do texts.append(item_text(name)) -%}{%- endfor -%}
    {%- set silent = says_nothing(item_text(any_item())) -%}
    {#- As texts, for it is kept: a later batch may give an item another type. -#}
    {%- set content = row_hash(texts + ['_op', '_problem', '_raw']) -%}
    {%- set resource_id = department ~ '.' ~ resource -%}
    {#- An unreadable row is no version of any record: it can only be a copy of its like. -#}
    {%- set record -%}
        case when {{ problem }} is null then coalesce('k' || {{ key }}, 'h' || {{ content }}) else 'h' || {{ content }} end
    {%- endset -%}
{%- if stages_new_rows() -%}
{#- Of the few records that new rows speak of, all versions have been put in order by the pre-hook, which asks for these. -#}
{%- do graph.update({'versions of ' ~ this.identifier: new_versions(rows, record, content, items, recorded_at, resource_id)}) -%}
standing as (
    select * from {{ standing_of(this) }}
),
{%- else -%}
repeated as (
    select {{ record }} as _record
    from {{ rows }} as delivered
    group by 1
    having count(*) > 1
),

versions as (
    {{ new_versions(rows, record, content, items, recorded_at, resource_id, of_records='(select _record from repeated)') }}
),

{{ standings() }},
{%- endif %}

looked_at as (
    select
        source.*,
        coalesce(standing._status, 'current') as _status,
        coalesce(standing._key_repeated, false) as _key_repeated,
        {{ content }} as _content,
        {{ untidy(side_by_side(items)) }} as _untidy
    from {{ rows }} as source
    left join standing on source._batch = standing._batch and source._row = standing._row
),

-- All texts of such a row at once: written out for each, cleaning was a third of the query, and planning it took longer.
tidied as (
    select
        *,
        case
            when _untidy and {{ place_in(side_by_side(items), "'&'") }} > 0 then {{ each_as(list_of(texts), clean_text('_one')) }}
            when _untidy then {{ each_as(list_of(texts), clean_text('_one', entities=false)) }}
        end as _tidied,
        case when _untidy then {{ maybe_damaged(side_by_side(items)) }} else false end as _maybe_damaged
    from looked_at
),

cleaned as (
    select
        {% for name in items -%}
        case when _untidy then {{ element_of('_tidied', loop.index) }} when {{ silent.replace(any_item(), name) }} then null else {{ texts[loop.index0] }} end as {{ item(name) }},
        {% endfor -%}
        _batch,
        _row,
        {{ key }} as _record_key,
        {{ scope_of(keys) }} as _scope,
        _content,
        coalesce(_op, 'upsert') as _op,
        _status,
        {{ problem }} as _problem,
        {% if may_lose_cells(node) -%}
        _raw,
        {% endif -%}
        _maybe_damaged,
        {{ list_joined(
            text_repairs(columns),
            list_joined(
                number_repairs(columns),
                key_repeated_defect(keys)
            )
        ) }} as _repairs
    from tidied
),

judged as (
    select
        *,
        {% for column in columns if has_standard(column) -%}
        {{ item_standard(column, node) }} as {{ item(column.name ~ ':') }},
        {% endfor -%}
        {{ recorded_at }} as _said_at
    from cleaned
),

landed as (
    select
        {% for column in columns -%}
        {{ item(column.name ~ ':') ~ '.value' if has_standard(column) else item(column.name) }} as {{ item(column.name) }},
        {% if has_standard(column) -%}
        {{ item(column.name) }} as {{ as_written(column.name) }},
        {{ lost_cell_or(node, column, item(column.name ~ ':') ~ '.problem') }} as {{ item(column.name ~ ':problem') }},
        {% endif -%}
        {% endfor -%}
        '{{ department }}.{{ resource }}' as _resource,
        _batch,
        _row,
        _record_key,
        _scope,
        _content,
        _op,
        {{ in_time('_said_at', resource_id) }} as _recorded_at,
        _status,
        _problem,
        {{ list_joined(list_joined('_repairs', lost_cells(columns)) if may_lose_cells(node) else '_repairs', item_defects(columns, from_the_future(recorded_at, items, resource_id))) }} as _row_defects,
        case when _maybe_damaged then {{ text_damaged(side_by_side(items)) }} else false end as _damaged
    from judged
)
{%- endmacro %}

{# The versions of records, as `standings` takes them; of all `rows` or of those `of_records`. Times are read as `landed` has them: of clean texts. #}
{% macro new_versions(rows, record, content, items, recorded_at, resource, of_records=none) -%}
    select
        _batch,
        _row,
        _record,
        _content,
        {{ in_time('_recorded_at', resource) }} as _recorded_at,
        _position,
        _withdraws
    from (
        select
            _batch,
            _row,
            _record,
            _content,
            {{ recorded_at }} as _recorded_at,
            {{ landed_position() }} as _position,
            _op = 'delete' as _withdraws
        from (
            select
                _batch,
                _row,
                {{ record }} as _record,
                {{ content }} as _content,
                {% for name in items if name in recorded_at -%}
                {{ clean_text(item(name)) }} as {{ item(name) }},
                {% endfor -%}
                coalesce(_op, 'upsert') as _op
            from {{ rows }} as delivered
            {% if of_records -%}
            where {{ record }} in {{ of_records }}
            {%- endif %}
        ) as delivered
    ) as timed
{%- endmacro %}

{# The item that says when a row was written, as a defect where it says a time that was still to come when the row landed. #}
{% macro from_the_future(recorded_at, items, resource) -%}
    {%- set named = items | select('in', recorded_at) | list -%}
    {{ return([defect('recorded_in_future', named[0], '_said_at is not null and ' ~ in_time('_said_at', resource) ~ ' is null')] if named else []) }}
{%- endmacro %}

{#
    `x`, a time, or null where it lies more than a day after the day on which the row landed, by China's clock
    (`landed` in inputs.json; where that does not say: the day of the build). So what is staged depends on no other day, and
    a row staged again says the same.
#}
{% macro in_time(x, resource) -%}
    {%- set days = inputs().get('landed', {}).get(resource, {}) -%}
    {%- set sorted_days = days.values() | list | sort -%}
    {%- if not days -%}{{ return("case when " ~ x ~ " < " ~ _too_late(build_day()) ~ " then " ~ x ~ " end") }}{%- endif -%}
    {%- set latest, earliest = "date '" ~ sorted_days[-1] ~ "'", "date '" ~ sorted_days[0] ~ "'" -%}
    {%- if latest == earliest -%}{{ return("case when " ~ x ~ " < " ~ _too_late(latest) ~ " then " ~ x ~ " end") }}{%- endif -%}
    {%- set day = "cast(coalesce(" ~ looked_up('_batch', days) ~ ", '" ~ inputs().day ~ "') as date)" -%}
    {{ return("case when " ~ x ~ " < " ~ _too_late(earliest) ~ " then " ~ x ~ " when " ~ x ~ " < " ~ _too_late(day) ~ " then " ~ x ~ " end") }}
{%- endmacro %}

{% macro _too_late(day) %}{{ return("cast(" ~ days_after(day, '2') ~ " as timestamp)") }}{% endmacro %}

{# The same of rows that were staged before. #}
{% macro former_versions_of(relation) -%}
    select
        _batch,
        _row,
        case when _problem is null then coalesce('k' || _record_key, 'h' || _content) else 'h' || _content end as _record,
        _content,
        _recorded_at,
        {{ landed_position() }} as _position,
        _op = 'delete' as _withdraws
    from {{ relation }}
{%- endmacro %}

{# Steps from `versions` to `standing`: the status of each, and whether its key was repeated within its batch. #}
{% macro standings() -%}
withdrawals as (
    select _record, max(_position) as _position
    from versions
    where _withdraws
    group by 1
),

in_epochs as (
    select
        versions.*,
        case
            when withdrawals._position is null or versions._position > withdrawals._position then 2
            when versions._position = withdrawals._position then 1
            else 0
        end as _epoch
    from versions
    left join withdrawals on versions._record = withdrawals._record
),

timed as (
    select
        *,
        coalesce(_recorded_at, max(_recorded_at) over (partition by _record, _epoch order by _position rows between unbounded preceding and current row)) as _stands_at
    from in_epochs
),

compared as (
    select
        *,
        coalesce(_content = lag(_content) over in_order, false) as _same,
        coalesce(_batch = lag(_batch) over in_order, false) as _same_batch
    from timed
    window in_order as (partition by _record order by _epoch, _stands_at nulls first, _batch, _row)
),

standing as (
    select
        _batch,
        _row,
        case
            when _same then 'duplicate'
            when row_number() over (
                partition by _record, _same
                order by _epoch desc, _stands_at desc nulls last, _batch desc, _row desc
            ) = 1 then 'current'
            else 'superseded'
        end as _status,
        _same_batch and not _same as _key_repeated
    from compared
)
{%- endmacro %}

{% macro key_repeated_defect(keys) -%}
    {{ return("case when _key_repeated then " ~ list_of([defect('repeated_key', keys | join('|'), 'true')]) ~ " else " ~ no_list(defect_type()) ~ " end") }}
{%- endmacro %}

{# The columns that every staging model begins with. `defects`: what the model itself found, as `defect(...)`s. #}
{% macro row_columns(defects=[]) -%}
    {%- if not execute -%}{{ return('*') }}{%- endif -%}
    _resource,
    _batch,
    _row,
    _record_key,
    _scope,
    _content,
    {{ "'" ~ inputs().build ~ "'" }} as _build,
    _op,
    _recorded_at,
    _status,
    _problem,
    _damaged,
    {% if defects -%}
    {{ list_joined('_row_defects', without_nulls(list_of(defects))) }} as _defects
    {%- else -%}
    _row_defects as _defects
    {%- endif -%}
{%- endmacro %}

{#
    The key of a claim with the reason why it is not usable: <prefix>id_number, <prefix>key_problem (rule or null),
    <prefix>key_item (the source's item). The item declares the standard id_number. <prefix>written_number, what stands
    there, is evidence: a number with one digit wrong says much of whom it means.
#}
{% macro person_key(prefix, name) -%}
    {{ return(claim_key(prefix, 'id_number', name) ~ ",\n    " ~ usable_number(as_written(name)) ~ " as " ~ prefix ~ "written_number") }}
{%- endmacro %}

{# The same for a legal entity; the item declares the standard credit_code. #}
{% macro legal_entity_key(prefix, name) %}{{ return(claim_key(prefix, 'credit_code', name)) }}{% endmacro %}

{% macro claim_key(prefix, attribute, name) -%}
    {{ return(item(name) ~ " as " ~ prefix ~ attribute ~ ",\n    " ~ item(name ~ ':problem') ~ " as " ~ prefix ~ "key_problem,\n    '"
        ~ name ~ "' as " ~ prefix ~ "key_item") }}
{%- endmacro %}

{# `type`: a code of the seed certificate_types. A placeholder is no number. #}
{% macro certificate_key(type, name) -%}
    {%- set number = "case when not " ~ is_placeholder(item(name)) ~ " then " ~ item(name) ~ " end" -%}
    '{{ type }}' as certificate_type,
    '{{ name_of_code(type, 'certificate_types') if execute else '' }}' as certificate_type_name,
    {{ number }} as certificate_number,
    '{{ type }}:' || {{ number }} as certificate_id,
    case when {{ item(name) }} is null then 'certificate_number_missing' when {{ is_placeholder(item(name)) }} then 'certificate_number_placeholder' end as certificate_key_problem,
    '{{ name }}' as certificate_key_item
{%- endmacro %}

{# "None", said by a source, as against silence (null): it wins over an older value and is published as null. #}
{% macro none_of(type) -%}
    {{ return("date '9999-12-31'" if type == 'date' else "''") }}
{%- endmacro %}

{# The last day of a validity, an item with the standard date: an end without date (长期, 9999-12-31) is said, an empty text is silence. #}
{% macro end_date(name) -%}
    {{ return("coalesce(" ~ item(name) ~ ", case when " ~ text_has(as_written(name), '长期|永久|^9999') ~ " then " ~ none_of('date') ~ " end)") }}
{%- endmacro %}

{# Where a row landed, as one number that grows: batch, then row. #}
{% macro landed_position() %}{{ return("cast(_batch as bigint) * 1000000000000 + _row") }}{% endmacro %}

{% macro quoted_items(names) -%}
    {%- set quoted = [] -%}
    {%- for name in names -%}{%- do quoted.append(item(name)) -%}{%- endfor -%}
    {{ return(quoted) }}
{%- endmacro %}

{# Parts of a key side by side; what stands within a part escapes, or (a|b, c) would be (a, b|c). #}
{% macro record_key(keys) -%}
    {%- set parts = [] -%}
    {%- for key in keys -%}
        {%- set text = "cast(" ~ item(key) ~ " as string)" -%}
        {%- if keys | length > 1 -%}{%- set text = "replace(replace(" ~ text ~ ", '^', '^^'), '|', '^|')" -%}{%- endif -%}
        {%- do parts.append("coalesce(" ~ text ~ ", '')") -%}
    {%- endfor -%}
    {{ return("nullif(" ~ parts | join(" || '|' || ") ~ ", '" ~ '|' * (keys | length - 1) ~ "')") }}
{%- endmacro %}

{# Texts side by side with a separator that no text holds, so that one look tells whether any needs a closer one. #}
{% macro side_by_side(names) -%}
    {{ return("concat_ws('\x1f', " ~ quoted_items(names) | join(', ') ~ ")") }}
{%- endmacro %}

{% macro row_problem(names) -%}
    {{ return("coalesce(_problem, case when " ~ text_holds(side_by_side(names), "'\ufffd'") ~ " then 'text_undecodable' end)") }}
{%- endmacro %}
