{#
    The landing views: each source is a real view over exactly the batches of this build, so that unit tests can
    stand in for it and a batch that lands meanwhile is not half read.
#}

{# on-run-start. #}
{% macro landing_views() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'test', 'retry', 'show') -%}
        {%- set parts = inputs().parts -%}
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
            {%- do run_query(create_view(view, read_batches(parts[resource]))) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
