{#
    What the catalogue and the standard declare, looked up in dbt's graph while SQL is compiled.
    Nothing here writes SQL that touches data. While dbt only parses, the graph is empty: lookups then give nothing.
#}

{#
    All declared nodes and sources. A unit test's graph is empty: it is filled from the manifest that dbt has just written,
    once, since this is asked hundreds of times.
#}
{% macro declared() -%}
    {%- if not execute -%}{{ return({'nodes': {}, 'sources': {}}) }}{%- endif -%}
    {%- if not graph.get('nodes') -%}
        {%- do graph.update(fromjson(file_text(env_var('DBT_TARGET_PATH', 'target') ~ '/manifest.json'))) -%}
    {%- endif -%}
    {{ return(graph) }}
{%- endmacro %}

{# The base tables. While dbt parses there is no graph to ask, and the models that go through them all ref them then. #}
{% macro base_tables() %}{{ return(['population', 'legal_entity', 'certificate']) }}{% endmacro %}

{# All staging models that speak of `table`, or of any table; from the variable `staged`. Sorted: ties depend on it. #}
{% macro staged_models(table=none) -%}
    {%- set names = [] -%}
    {%- for key, models in var('staged', {}).items() if table is none or key == table -%}
        {%- for model in models if model not in names -%}{%- do names.append(model) -%}{%- endfor -%}
    {%- endfor -%}
    {{ return(names | sort) }}
{%- endmacro %}

{# `stg_<department>__<resource>` → [department, resource] #}
{% macro staged_resource(model) -%}
    {%- set parts = model[4:].split('__') -%}
    {{ return([parts[0], parts[1:] | join('__')]) }}
{%- endmacro %}

{# The source's node in the graph. #}
{% macro source_node(department, name) -%}
    {%- set node = declared().sources.get('source.govshare.' ~ department ~ '.' ~ name) -%}
    {%- if node -%}{{ return(node) }}{%- endif -%}
    {{ exceptions.raise_compiler_error(
        "No source " ~ department ~ "." ~ name ~ " is declared. Remedy: enter it in sources/" ~ department ~ ".yml") }}
{%- endmacro %}

{# The model's node; empty while dbt parses. #}
{% macro model_node(name) %}{{ return(declared().nodes.get('model.govshare.' ~ name, {})) }}{% endmacro %}

{% macro meta_of(node) -%}
    {{ return((node.get('config') or {}).get('meta') or node.get('meta') or {}) }}
{%- endmacro %}

{# What may be declared as one word or as several. #}
{% macro as_list(words) %}{{ return([words] if words is string else words) }}{% endmacro %}

{#
    The base table's attributes: name → {type, authority, exclusive, agreement, from_key, derived_from, text (words, no code or number)}. Declared in the model's YAML:
    every column whose name does not begin with an underscore, except a key that no source knows; and except those that no
    source says, because they are worked out of others, unless `derived` asks for them too.
#}
{% macro attributes_of(table, derived=false) -%}
    {%- set known_as = 'attributes ' ~ table ~ ' ' ~ derived -%}
    {%- if known_as in graph -%}{{ return(graph[known_as]) }}{%- endif -%}{#- asked a hundred times -#}
    {%- set attributes = {} -%}
    {%- set key = table_meta(table).key -%}
    {%- set known = identifier_of(table) -%}
    {%- for name, column in model_node(table).get('columns', {}).items() if not name.startswith('_') and (name != key or name == known) -%}
        {%- set meta = meta_of(column) -%}
        {%- if not meta.get('derived_from') or derived -%}
            {%- do attributes.update({name: {
                'type': column.data_type,
                'authority': meta.get('authority', []),
                'exclusive': meta.get('exclusive', false),
                'agreement': meta.get('agreement'),
                'from_key': meta.get('from_key'),
                'derived_from': as_list(meta.get('derived_from', [])),
                'text': column.data_type == 'varchar' and not meta.get('codes') and meta.get('standard', 'name') in ('name', 'organisation_name'),
            }}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if attributes -%}{%- do graph.update({known_as: attributes}) -%}{%- endif -%}
    {{ return(attributes) }}
{%- endmacro %}

{# The attribute by which sources name the entity: the key itself, unless the table keeps a key of its own. #}
{% macro identifier_of(table) -%}
    {%- set meta = table_meta(table) -%}
    {{ return(meta.get('identifier', meta.key)) }}
{%- endmacro %}

{# The base table's own meta: key, identifier, presence (attributes that show a claim), evidence (name → type). #}
{% macro table_meta(table) %}{{ return(meta_of(model_node(table))) }}{% endmacro %}

{# The roles in which a source's rows speak of `table` (or of any): [{table, role, prefix, register}]. #}
{% macro roles_of(node, table=none) -%}
    {%- set roles = [] -%}
    {%- set meta = meta_of(node) -%}
    {%- for claim in meta.get('claims', []) if table is none or claim.table == table -%}
        {%- do roles.append({
            'table': claim.table,
            'role': claim.role,
            'prefix': claim.get('prefix', claim.role ~ '_'),
            'register': meta.get('register', node.name),
        }) -%}
    {%- endfor -%}
    {{ return(roles) }}
{%- endmacro %}

{#
    The staging column of an attribute in a role: prefix and name. A name that begins with the prefix stays itself
    (certificate_number of the role certificate), unless it would be the role's own number: mother_id_number is whose
    child the person in the role `mother` is, not who she is.
#}
{% macro role_column(prefix, attribute) -%}
    {%- set own_number = attribute[(prefix | length):] in ['id_number', 'credit_code'] -%}
    {{ return(attribute if attribute.startswith(prefix) and not own_number else prefix ~ attribute) }}
{%- endmacro %}

{# Lower-case names of a staging model's columns. #}
{% macro column_names(relation) -%}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set name = 'columns of ' ~ relation -%}
    {%- if name not in graph -%}{#- some five models ask for each -#}
        {%- do graph.update({name: columns_if_there(relation).keys() | map('lower') | list}) -%}
    {%- endif -%}
    {{ return(graph[name]) }}
{%- endmacro %}
