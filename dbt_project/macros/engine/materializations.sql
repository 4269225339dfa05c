{#
    How a model becomes a table of DuckDB, in place of what dbt-duckdb brings for any use of it. That makes each table under
    another name and changes names until the new one stands in place of the old one, and looks at the columns of both, some
    ten statements for each of a build's models: an eighth of a day's build of a small city. DuckDB drops and makes a table
    in one transaction. A build that ends half-way is followed by a full one, so that no former state has to be kept beside.
#}

{% materialization table, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {{ drop_former(target) }}
    {% call statement('main', language=model.language) %}{{ table_of(target) }}{% endcall %}
    {{ hold_to_contract(target) }}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- set target = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks) }}
    {{ drop_former(target) }}
    {% call statement('main') %}{{ get_create_view_as_sql(target, compiled_code) }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
    What a model says goes into the table that is there. Its columns are the table's, for where the project has changed since
    the last build all tables are made anew; only one that never is (`full_refresh=false`) may have to grow.
#}
{% materialization incremental, adapter="duckdb", supported_languages=["sql", "python"] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set former = load_cached_relation(this) -%}
    {%- set language = model.language -%}
    {{ run_hooks(pre_hooks) }}
    {%- if former is none or should_full_refresh() -%}
        {{ drop_former(target) }}
        {% call statement('main', language=language) %}{{ table_of(target) }}{% endcall %}
        {{ hold_to_contract(target) }}
    {%- else -%}
        {%- set rows = compiled_code -%}
        {%- if language == 'python' or config.get('on_schema_change') == 'append_new_columns' -%}
            {%- set beside = make_temp_relation(target) -%}
            {% call statement('rows', language=language) %}{{ create_table_as(True, beside, compiled_code, language) }}{% endcall %}
            {%- do process_schema_changes(config.get('on_schema_change', 'ignore'), beside, former) -%}
            {%- set rows = 'select * from ' ~ beside -%}
        {%- elif has_contract() -%}
            {{ get_assert_columns_equivalent(compiled_code) }}
        {%- endif -%}
        {% call statement('main') %}insert into {{ target }} by name ({{ rows }}
        ){% endcall %}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# Within the transaction, unlike dbt's own. A hook may have given the former one another name. #}
{% macro drop_former(target) -%}
    {%- set former = load_cached_relation(target) -%}
    {%- if former is not none -%}
        {% call statement('drop') %}drop {{ former.type }} if exists {{ target }}{% endcall %}
    {%- endif -%}
{%- endmacro %}

{% macro has_contract() %}{{ return(model.language == 'sql' and config.get('contract').enforced) }}{% endmacro %}

{% macro table_of(target) -%}
    {{ return("create table " ~ target ~ " as " ~ compiled_code if has_contract() else create_table_as(False, target, compiled_code, model.language)) }}
{%- endmacro %}

{#
    A contract is asked of the table that was made: dbt asks it of the query, which plans every query twice. What breaks it
    is taken back with the transaction.
#}
{% macro hold_to_contract(target) -%}
    {%- if has_contract() -%}
        {{ get_assert_columns_equivalent('select * from ' ~ target) }}
        {%- set required = [] -%}
        {%- for column in model.columns.values() -%}
            {%- for constraint in column.constraints -%}
                {%- if constraint.type != 'not_null' -%}
                    {{ exceptions.raise_compiler_error(column.name ~ ": of constraints only not_null is kept. Remedy: a test in place of " ~ constraint.type) }}
                {%- endif -%}
                {%- do required.append("alter table " ~ target ~ " alter column " ~ adapter.quote(column.name) ~ " set not null") -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if required -%}{% call statement('required') %}{{ required | join('; ') }}{% endcall %}{%- endif -%}
    {%- endif -%}
{%- endmacro %}
