{#
    The landing views: each source is a real view over exactly the batches of this build, so that unit tests can
    stand in for it and a batch that lands meanwhile is not half read. Of a source's columns it has the declared ones and
    no other, so that nothing a department adds can take the place of a column of ours.
#}

{# on-run-start. #}
{% macro landing_views() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'test', 'retry', 'show') -%}
        {%- set parts = inputs().parts -%}
        {%- do run_query(create_view('installation_secret', secret_keys(env_var('GOVSHARE_SECRET_FILE')))) -%}
        {%- set schemas = [] -%}
        {%- for node in declared().sources.values() -%}
            {%- set resource = node.source_name ~ '.' ~ node.name -%}
            {%- if not parts.get(resource) -%}
                {{ exceptions.raise_compiler_error(
                    resource ~ " has no batch in inputs.json, not even the empty one. Remedy: `govshare run`, which writes it") }}
            {%- endif -%}
            {%- if node.schema not in schemas -%}
                {%- do schemas.append(node.schema) -%}
                {%- do run_query("create schema if not exists " ~ adapter.quote(node.schema)) -%}
            {%- endif -%}
            {%- set view = adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.identifier) -%}
            {%- do run_query(create_view(view, read_batches(parts[resource], landed_columns(node)))) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# The declared items, then the row's address and what the connector says of it (connectors.base.ADDRESS_COLUMNS). #}
{% macro landed_columns(node) -%}
    {%- set columns = quoted_items(node.columns.values() | map(attribute='name')) -%}
    {{ return((columns + ['_batch', '_row', '_op', '_file', '_line', '_problem', '_raw']) | join(', ')) }}
{%- endmacro %}
