{#
    Texts: width, white space, entities, words that say nothing. Macros take a SQL expression and give one; all but
    `clean_text` and `half_width` take clean text, which is what items are once `stage` has read them.
#}

{# Full-width letters and digits (GB 2312 row 3) to half-width. Most texts have none. #}
{% macro half_width(x) -%}
    {%- set wide = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set narrow = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {{ return(with_value(x, "case when " ~ text_has('_v', '[０-９Ａ-Ｚａ-ｚ]') ~ " then translate(_v, '" ~ wide ~ "', '" ~ narrow ~ "') else _v end")) }}
{%- endmacro %}

{# HTML entities back to their characters; the unknown ones go. #}
{% macro without_entities(x) -%}
    {%- set named = {'&nbsp;': ' ', '&#160;': ' ', '&#12288;': ' ', '&middot;': '·', '&#183;': '·', '&quot;': '"', '&#34;': '"',
                     '&#39;': "''", '&lt;': '<', '&gt;': '>', '&amp;': '&'} -%}
    {%- set steps = namespace(sql='_v') -%}
    {%- for entity, character in named.items() -%}{%- set steps.sql = "replace(" ~ steps.sql ~ ", '" ~ entity ~ "', '" ~ character ~ "')" -%}{%- endfor -%}
    {%- set rest = text_replaced(steps.sql, '&(#[0-9]+|[a-zA-Z]+);', '') -%}
    {{ return(with_value(x, "case when " ~ place_in('_v', "'&'") ~ " > 0 then " ~ rest ~ " else _v end")) }}
{%- endmacro %}

{# Texts that registers write where they have nothing to say. #}
{% macro says_nothing(x) -%}
    {{ return(x ~ " in ('', 'N/A', 'n/a', 'NA', 'NULL', 'null', 'Null', 'NONE', 'None', 'none', 'NIL', '-', '--', '---', '----', '-----', '—', '——', '/', '\\N', '\\n', '无', '空', '不详', '未知')") }}
{%- endmacro %}

{# A text as it may be published: half-width, no entities, no outer or doubled white space, no control characters. #}
{% macro clean_text(x) -%}
    {%- set text = without_entities(half_width("cast(" ~ x ~ " as varchar)")) -%}
    {%- set untidy = '[\\s\\x00-\\x1f\\x7f\u3000\u00a0\u200b\ufeff]' -%}
    {%- set tidy = "trim(" ~ text_replaced(text, untidy ~ '+', ' ') ~ ")" -%}
    {{ return(with_value(tidy, "case when not " ~ says_nothing('_v') ~ " then _v end")) }}
{%- endmacro %}

{#
    Whether any of the texts, side by side, needs `clean_text`: one look over a whole row, since most rows need none.
    What says nothing is looked for item by item: it is too common.
#}
{% macro untidy(texts) -%}
    {{ return(text_has(texts, '[\\x00-\\x1e\\x7f\u3000\u00a0\u200b\ufeff０-９Ａ-Ｚａ-ｚ&]|(^|\\x1f) | (\\x1f|$)|  ')) }}
{%- endmacro %}

{# No white space between Chinese characters: it is written without, and registers use it to fill names of two. #}
{% macro _closed_up(x) -%}
    {{ return("case when " ~ place_in(x, "' '") ~ " > 0 and " ~ text_has(x, '[\u4e00-\u9fff]') ~ " then replace(" ~ x ~ ", ' ', '') else " ~ x ~ " end") }}
{%- endmacro %}

{# 姓名. The middle dot of minority names (U+00B7) comes in many look-alikes. #}
{% macro clean_name(x) -%}
    {%- set dots = '([\u3400-\u9fff])[•・．.‧･∙⋅]([\u3400-\u9fff])' -%}
    {{ return(with_value(_closed_up(x), "case when length(_v) > 4 and " ~ text_has('_v', dots) ~ " then "
        ~ text_replaced('_v', dots, '\\1·\\2') ~ " else _v end")) }}
{%- endmacro %}

{# 单位名称: as registered, with half-width brackets. #}
{% macro clean_organisation_name(x) -%}
    {{ return(with_value(_closed_up(x), "case when " ~ place_in('_v', "'（'") ~ " > 0 then translate(_v, '（）', '()') else _v end")) }}
{%- endmacro %}

{# Letters and digits of a number: no white space, hyphens or quotes, upper case. #}
{% macro number_text(x) -%}
    {%- set letters = text_replaced("upper(" ~ x ~ ")", '[\\s\\-—"`]', '') -%}
    {{ return("case when " ~ text_has(x, '[^0-9A-Z]') ~ " then " ~ letters ~ " else " ~ x ~ " end") }}
{%- endmacro %}

{# 联系电话: 11 digits of a mobile, or area-number of a land line; null where it is neither. #}
{% macro phone(x) -%}
    {%- set digits = text_replaced(x, '[^0-9]', '') -%}
    {%- set national = text_replaced(digits, '^(0086|86)(1[0-9]{10}|0[0-9]{9,11})$', '\\2') -%}
    {%- set other = with_value(national,
        "case when " ~ text_has('_v', '^1[3-9][0-9]{9}$') ~ " then _v "
        ~ "when " ~ text_has('_v', '^(010|02[0-9])[0-9]{8}$') ~ " then substr(_v, 1, 3) || '-' || substr(_v, 4) "
        ~ "when " ~ text_has('_v', '^0[3-9][0-9]{2}[0-9]{7,8}$') ~ " then substr(_v, 1, 4) || '-' || substr(_v, 5) "
        ~ "when " ~ text_has('_v', '^[2-8][0-9]{6,7}$') ~ " then _v "
        ~ "when " ~ text_has('_v', '^[48]00[0-9]{7}$') ~ " then _v end") -%}
    {{ return("case when " ~ text_has(x, '^1[3-9][0-9]{9}$') ~ " then " ~ x ~ " when " ~ x ~ " is not null then " ~ other ~ " end") }}
{%- endmacro %}
