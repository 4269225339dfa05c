{#
    A build that goes on from the last one: only what new batches touch is computed again.

    Records touched: those of whose key a new batch has a row; all their rows count as staged again, for their standing may
    have changed. Rows touched: these, and those whose claims are linked otherwise than before. Entities touched: those
    that a touched row speaks of, now or in the last build, and those whose attributes depend on them. Base and
    governance tables drop what is touched and take it in anew. The result equals that of a full build, which a test
    proves; whether to go on or to build in full is decided in orchestration/increment.py and told in `inputs.json`.
#}

{# {build, at, day, former_day, full, parts: {resource: [files]}, new: {resource: [batches]}, delivered: {resource: {rows, left_out, kinds}}, history: [files], decisions: {table: file}} of this build. #}
{% macro inputs() -%}
    {%- if 'inputs' not in graph -%}{#- every model asks, some often -#}
        {%- do graph.update({'inputs': fromjson(file_text(env_var('GOVSHARE_DATA') ~ '/warehouse/inputs.json'))}) -%}
    {%- endif -%}
    {{ return(graph['inputs']) }}
{%- endmacro %}

{# The day of the build in China, as SQL: what is valid, is so on this day. #}
{% macro build_day() -%}{{ return("date '" ~ (inputs().day if execute else '2000-01-01') ~ "'") }}{%- endmacro %}

{# The same as a number of eight hexadecimal digits, as `surely_id_number` compares days. #}
{% macro build_day_number() %}{{ return((inputs().day if execute else '2000-01-01').replace('-', '') | int(base=16)) }}{%- endmacro %}

{# The day of the last build and that of this one, the earlier first: somebody may build a former day again. #}
{% macro days_since_last_build() -%}
    {%- set days = [inputs().former_day, inputs().day] | sort -%}
    {{ return(["date '" ~ days[0] ~ "'", "date '" ~ days[1] ~ "'"]) }}
{%- endmacro %}

{# Whether this model keeps its rows of the last build. In a unit test there is no such model. #}
{% macro increments() %}{{ return(execute and this is not none and is_incremental()) }}{% endmacro %}

{% macro goes_on() %}{{ return(execute and keeps_builds() and not inputs().full) }}{% endmacro %}

{# The condition that a landed row is of a new batch; none where the resource has none. #}
{% macro is_new(resource) -%}
    {%- set batches = inputs().new.get(resource, []) -%}
    {{ return("_batch in ('" ~ batches | join("', '") ~ "')" if batches else none) }}
{%- endmacro %}

{# What is restaged together: all rows of a record share its key's hash (and, harmlessly, a few others theirs). #}
{% macro scope_of(keys) -%}
    {{ return(row_hash(["coalesce(" ~ record_key(keys) ~ ", '')"])) }}
{%- endmacro %}

{# The landed rows that a build has to stage: all, or those of new batches. #}
{% macro rows_to_stage(landed, resource) -%}
    {%- if not increments() -%}{{ return(landed) }}{%- endif -%}
    {{ return("(select * from " ~ landed ~ " where " ~ (is_new(resource) or 'false') ~ ")") }}
{%- endmacro %}

{# The standing of all versions of the records that new rows speak of. #}
{% macro standing_of(relation) %}{{ return(beside(relation, 'standing')) }}{% endmacro %}

{#
    Pre-hook of staging models: the staged rows of touched records go, and stay as `<model>__before` for those who want to
    know what they said. What they say is not read out of the landing again, for only their standing can have changed.
#}
{% macro forget_touched_records() -%}
    {%- if execute and keeps_builds() -%}
        {%- set former = former_of(this) -%}
        drop table if exists {{ former }};
        drop table if exists {{ standing_of(this) }};
        {% if stages_new_rows() -%}
            {%- set parts = staged_resource(this.identifier) -%}
            create table {{ former }} as
            select * from {{ this }}
            where _scope in (
                select {{ scope_of(keys_of(source_node(parts[0], parts[1]))) }}
                from {{ source_relation(parts[0], parts[1]) }}
                where {{ is_new(parts | join('.')) }}
            );
            create table {{ standing_of(this) }} as
            with versions as (
                {{ graph['versions of ' ~ this.identifier] }}
                union all
                {{ former_versions_of(former) }}
            ),
            {{ standings() }}
            select * from standing;
            delete from {{ this }} where _scope in (select _scope from {{ former }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Post-hook of staging models: what went comes back, as it stands now. #}
{% macro restate_touched_records() -%}
    {%- if stages_new_rows() -%}
        {%- set parts = staged_resource(this.identifier) -%}
        {%- set others = without_nulls(each_as('former._defects', "case when _one.rule <> 'repeated_key' then _one end")) -%}
        {%- set now = {
            '_build': "'" ~ inputs().build ~ "'",
            '_status': 'standing._status',
            '_defects': list_joined(others, key_repeated_defect(keys_of(source_node(parts[0], parts[1])))),
        } -%}
        {%- set names = column_names(this) -%}
        insert into {{ this }} ({{ names | join(', ') }})
        select {% for name in names %}{{ now.get(name, 'former.' ~ name) }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ former_of(this) }} as former
        inner join {{ standing_of(this) }} as standing on former._batch = standing._batch and former._row = standing._row
    {%- endif -%}
{%- endmacro %}

{# Whether this staging model goes on from the last build and has new rows to stage. #}
{% macro stages_new_rows() -%}
    {{ return(execute and keeps_builds() and increments() and is_new(staged_resource(this.identifier) | join('.'))) }}
{%- endmacro %}

{# Pre-hook of int_population__loose: claims of records that are staged again go. #}
{% macro forget_former_claims() -%}
    {%- if increments() -%}
        delete from {{ this }}
        where (_resource, _batch, _row) in (select _resource, _batch, _row from {{ intermediate('int_population__former_claims') }} where id_number is null)
    {%- endif -%}
{%- endmacro %}

{# Where a hook keeps what a relation was before. #}
{% macro former_of(relation) %}{{ return(beside(relation, 'before')) }}{% endmacro %}

{% macro beside(relation, what) %}{{ return(relation.include(database=false).replace_path(identifier=relation.identifier ~ '__' ~ what)) }}{% endmacro %}

{# Pre-hook of models of which the next ones want to know what they were before. #}
{% macro keep_before() -%}
    {%- if goes_on() and load_relation(this) is not none -%}
        drop table if exists {{ former_of(this) }};
        alter table {{ this }} rename to {{ former_of(this).identifier }}
    {%- elif execute and keeps_builds() -%}
        drop table if exists {{ former_of(this) }}
    {%- endif -%}
{%- endmacro %}

{# The model's rows of the last build, or its rows now where there was none. #}
{% macro before(relation) %}{{ return(former_of(relation) if columns_if_there(former_of(relation)) else relation) }}{% endmacro %}

{# Rows of a small model that it has now and had not before, or the other way round. #}
{% macro changed_rows(relation) -%}
    (
        select * from (select * from {{ relation }} except select * from {{ before(relation) }}) as added
        union all
        select * from (select * from {{ before(relation) }} except select * from {{ relation }}) as gone
    )
{%- endmacro %}

{# The rows of claims whose links are others than before. #}
{% macro changed_links(links) -%}
    (
        select _resource, _batch, _row
        from (
            select _resource, _batch, _row, _role, entity_id, rule, method from {{ links }}
            except
            select _resource, _batch, _row, _role, entity_id, rule, method from {{ before(links) }}
        ) as added
        union all
        select _resource, _batch, _row
        from (
            select _resource, _batch, _row, _role, entity_id, rule, method from {{ before(links) }}
            except
            select _resource, _batch, _row, _role, entity_id, rule, method from {{ links }}
        ) as gone
    )
{%- endmacro %}

{# Rows staged by this build, and rows whose claims are linked otherwise than before; `_staged`: the former. #}
{% macro touched_rows() -%}
    {%- for model in staged_models() -%}{%- do ref(model) -%}{%- endfor -%}
    {%- if not goes_on() -%}
        {{ return("select cast(null as string) as _resource, cast(null as string) as _batch, cast(null as bigint) as _row, true as _staged where false") }}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for model in staged_models() if is_new(staged_resource(model) | join('.')) -%}
        {%- do parts.append("select _resource, _batch, _row, true as _staged from " ~ ref(model) ~ " where _build = '" ~ inputs().build ~ "'") -%}
    {%- endfor -%}
    {%- for table in base_tables() -%}
        {%- do parts.append("select _resource, _batch, _row, false as _staged from " ~ changed_links(ref('int_' ~ table ~ '__links')) ~ " as relinked_" ~ table) -%}
    {%- endfor -%}
    {{ return("select _resource, _batch, _row, max(_staged) as _staged from (" ~ parts | join('\nunion all\n') ~ ") as touched group by _resource, _batch, _row") }}
{%- endmacro %}

{# Resources with touched rows that this build has not staged. #}
{% macro relinked_resources() -%}
    {%- if 'relinked' not in graph -%}
        {%- do graph.update({'relinked': run_query("select distinct _resource from " ~ intermediate('int_row__touched') ~ " where not _staged").columns[0].values()}) -%}
    {%- endif -%}
    {{ return(graph['relinked']) }}
{%- endmacro %}

{#
    Post-hook of int_row__disposed: the rows to be judged again, once for all who ask, and the entities that they speak of
    now or spoke of in the last build.
#}
{% macro keep_disposed() -%}
    {%- if execute and keeps_builds() -%}
        {%- set now = beside(this, 'again') -%}
        {%- set spoken = beside(this, 'entities') -%}
        {%- set disposition = adapter.get_relation(target.database, 'governance', 'disposition') -%}
        drop table if exists {{ now }};
        drop table if exists {{ spoken }};
        {% if goes_on() -%}
            create table {{ now }} as select * from {{ this }};
            create table {{ spoken }} as
            select distinct claim.table_name, claim.entity_id
            from (
                select {{ each_of('claims') }} as claim from {{ now }}
                {% if disposition -%}
                {%- set same_row = "disposition.batch = again.batch and disposition." ~ item('row') ~ " = again." ~ item('row') ~ " and disposition.resource = again.resource" %}
                {#- By the key too: DuckDB looks for texts while it reads the lists of claims, not for numbers. #}
                union all
                select {{ each_of('disposition.claims') }} as claim
                from {{ disposition }} as disposition
                inner join {{ now }} as again on disposition.record_key = again.record_key and {{ same_row }}
                union all
                select {{ each_of('disposition.claims') }} as claim
                from (select * from {{ disposition }} where record_key is null) as disposition
                inner join {{ now }} as again on {{ same_row }}
                {%- endif %}
            ) as said
            where claim.entity_id is not null
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Entities of `table` that touched rows speak of now, or spoke of in the last build. #}
{% macro entities_of_touched_rows(table) -%}
    {{ return("select entity_id from " ~ beside(ref('int_row__disposed'), 'entities') ~ " where table_name = '" ~ table ~ "'") }}
{%- endmacro %}

{# The rows whose fate a build decides. #}
{% macro rows_to_dispose() -%}
    {%- set all_rows = ref('int_row__disposed') -%}
    {{ return(beside(all_rows, 'again') if increments() else all_rows) }}
{%- endmacro %}

{# Post-hook of int_<table>__touched: what is claimed of these entities, in one pass over all claims. `numbered`: no claim was linked. #}
{% macro keep_touched_claims(numbered=false) -%}
    {%- if execute and keeps_builds() -%}
        {%- set table = this.identifier[4:] | replace('__touched', '') -%}
        {%- set of = 'int_' ~ table ~ '__' -%}
        {%- set touched = "select entity_id from " ~ this -%}
        drop table if exists {{ beside(this, 'claims') }};
        {% if goes_on() -%}
            create table {{ beside(this, 'claims') }} as
            select {{ merged_columns(table) | join(', ') }}
            {% if numbered -%}
            from {{ intermediate(of ~ 'identified') }}
            where _entity_id in ({{ touched }})
            {%- else -%}
            from ({{ identified(table, intermediate(of ~ 'claims'), intermediate(of ~ 'links'), intermediate(of ~ 'loose'), touched) }}) as identified
            {%- endif %}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# The identified claims of the entities that a build computes. In a unit test there is no such model as `this`. #}
{% macro claims_to_merge(table) -%}
    {%- set identified = ref('int_' ~ table ~ '__identified') -%}
    {%- set touched = ref('int_' ~ table ~ '__touched') -%}
    {{ return(beside(touched, 'claims') if this is not none and goes_on() else identified) }}
{%- endmacro %}

{# Pre-hook of base tables. #}
{% macro forget_touched_entities() -%}
    {%- if increments() -%}
        delete from {{ this }} where {{ table_meta(this.identifier).key }} in (select entity_id from {{ touched_relation(this.identifier) }})
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of tables by landed row. #}
{% macro forget_touched_rows() -%}
    {%- if increments() -%}
        delete from {{ this }}
        where exists (
            select 1 from {{ intermediate('int_row__touched') }} as touched
            where touched._batch = {{ this }}.batch and touched._row = {{ this }}.{{ item('row') }} and touched._resource = {{ this }}.resource
        )
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of tables by entity of any base table. #}
{% macro forget_touched_conflicts() -%}
    {%- if increments() -%}
        delete from {{ this }} where
        {% for table in base_tables() -%}
        (table_name = '{{ table }}' and entity_id in (select entity_id from {{ touched_relation(table) }})){{ ' or' if not loop.last }}
        {% endfor -%}
    {%- endif -%}
{%- endmacro %}

{# Relations that hooks name without a `ref`, which they may not use while dbt parses. The models themselves ref them. #}
{% macro intermediate(name) %}{{ return(adapter.get_relation(target.database, 'intermediate', name)) }}{% endmacro %}
{% macro touched_relation(table) %}{{ return(intermediate('int_' ~ table ~ '__touched')) }}{% endmacro %}

{% macro keys_of(node) -%}
    {{ return(as_list(meta_of(node).connector.key)) }}
{%- endmacro %}

{% macro source_relation(department, resource) -%}
    {%- set node = source_node(department, resource) -%}
    {{ return(api.Relation.create(database=target.database, schema=node.schema, identifier=node.identifier)) }}
{%- endmacro %}
