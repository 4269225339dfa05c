{#
    Texts: width, white space, entities, words that say nothing. Macros take a SQL expression and give one; all but
    `clean_text` and `half_width` take clean text, which is what items are once `stage` has read them. A clean text stays
    as it is when it is cleaned again.
#}

{# Full-width letters and digits (GB 2312 row 3) to half-width. #}
{% macro half_width(x) -%}
    {%- set wide = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set narrow = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {{ return("translate(" ~ x ~ ", '" ~ wide ~ "', '" ~ narrow ~ "')") }}
{%- endmacro %}

{#
    HTML entities back to their characters, decimal, hexadecimal and named (table `html_entities`), with and without `;`.
    A browser writes &#29724; for a character that the page's encoding does not have, so rare characters of names come
    that way. `&` is restored first, because a text that went through two web pages has &amp;lt;. A number that is no
    character (a surrogate, beyond Unicode) was one once: it becomes □, which marks a lost character. A name that nobody
    knows stays without its `;`, with which it would look like an entity for ever.
    \x01 and \x02 stand behind names while they are looked up: without and with `;`.
#}
{% macro without_entities(x) -%}
    {%- set plain = text_replaced(x, '[\\x01\\x02]', ' ') -%}
    {%- set numbered = "replace(" ~ _numbered_characters(_ampersands(plain)) ~ ", '\ufffd', '□')" -%}
    {%- set marked = "replace(" ~ text_replaced(_ampersands(half_width(numbered)), '&([a-zA-Z][a-zA-Z0-9]*)', '&\\1\x01') ~ ", '\x01;', '\x02')" -%}
    {%- set name = "replace(replace(substr(_one, 2), '\x02', ';'), '\x01', '=')" -%}
    {%- set character = with_value(place_in(_entities(), "'|' || " ~ name), "case when _v > 0 then " ~ character_of(hexadecimal("substr(" ~ _entities() ~ ", _v + length(" ~ name ~ ") + 1, 4)")) ~ " end") -%}
    {%- set named = with_value(marked, folded(texts_found('_v', '&[a-zA-Z][a-zA-Z0-9]*[\\x01\\x02]'), '_v', "replace(_all, _one, coalesce(" ~ character ~ ", _one))")) -%}
    {%- set left = text_replaced(text_replaced("replace(" ~ named ~ ", '\x01', '')", '\\x02', ' '), '&#([0-9]+|[xX][0-9a-fA-F]+);?', '□') -%}
    {{ return("case when " ~ place_in(x, "'&'") ~ " > 0 then " ~ left ~ " else " ~ x ~ " end") }}
{%- endmacro %}

{# The table `html_entities` as one text, |nbsp;00A0|nbsp=00A0, which costs less to plan than a map of five hundred. #}
{% macro _entities() -%}
    {%- if not execute -%}{{ return("''") }}{%- endif -%}
    {%- if '_entities' not in graph -%}
        {%- set entries = [] -%}
        {%- for name, code in code_table('html_entities').words.items() if not name.startswith('U+') -%}
            {%- do entries.append('|' ~ (name if name.endswith(';') else name ~ '=') ~ code[2:]) -%}
        {%- endfor -%}
        {%- do graph.update({'_entities': "'" ~ entries | join('') ~ "'"}) -%}
    {%- endif -%}
    {{ return(graph['_entities']) }}
{%- endmacro %}

{# &amp; and its like, once or several times over. #}
{% macro _ampersands(x) -%}
    {{ return(text_replaced(text_replaced(x, '&(amp|AMP)#', '&#'), '&((amp|AMP|#0*38|#[xX]0*26);)+', '&')) }}
{%- endmacro %}

{# Numbered characters as themselves. Numbers 128 to 159 are Windows' (as browsers read them), controls a blank; 0 and 26 (substitute) stand for a character that was lost. #}
{% macro _numbered_characters(x) -%}
    {%- set windows = '€□‚ƒ„…†‡ˆ‰Š‹Œ□Ž□□‘’“”•–—˜™š›œ□žŸ' -%}
    {%- set number = "case when substr(_one, 3, 1) in ('x', 'X') then " ~ hexadecimal("substr(_one, 4, length(_one) - 4)") ~ " else "
        ~ cast_or_null("substr(_one, 3, length(_one) - 3)", 'bigint') ~ " end" -%}
    {%- set character = "case when _v = 0 or _v = 26 then '□' when _v < 32 or _v = 127 then ' ' when _v between 128 and 159 then substr('" ~ windows ~ "', cast(_v - 127 as integer), 1) when _v < 55296 or _v between 57344 and 65533 or _v between 65536 and 1114111 then "
        ~ character_of('_v') ~ " else '□' end" -%}
    {{ return(with_value(text_replaced(x, '&#([0-9]+|[xX][0-9a-fA-F]+);?', '&#\\1;'),
        folded(texts_found('_v', '&#[0-9xX][0-9a-fA-F]*;'), '_v', "replace(_all, _one, " ~ with_value(number, character) ~ ")"))) }}
{%- endmacro %}

{#
    A character that was lost on the way: □ or 〓 for one that had no code, ? (or ¿, Oracle's) beside Chinese characters or twice, the images of
    U+FFFD and of unused memory in GBK (锟斤拷, 烫烫), and of U+FFFD in Latin 1. SQL for whether a text has one.
#}
{% macro lost_character(x) -%}
    {%- set han = '[' ~ _han() ~ ']' -%}
    {{ return(text_has(x, '[□〓▯\ufffd]|[?？¿﹖]{2}|^[?？¿﹖]$|' ~ han ~ '[?？¿﹖]|[?？¿﹖]' ~ han ~ '|锟[斤戒藉芥界借介]|斤拷|烫烫|屯屯屯|ï¿½')) }}
{%- endmacro %}

{# Characters of which one stands in each text that either pattern finds. #}
{% macro _damage() %}{{ return('?？¿﹖*＊✱×某□〓▯锟拷烫屯ï\ufffd' ~ _shapes()) }}{% endmacro %}

{# Drawn where a character of a name is left out: 张○, 陈△华, 李■. #}
{% macro _shapes() %}{{ return('○●◎△▲◇◆■▇█▉▒▓') }}{% endmacro %}

{# A quick look for what either may be, and for entities, which may become one. #}
{% macro maybe_damaged(texts) %}{{ return(text_has(texts, '[\\x1a&' ~ _damage() ~ ']')) }}{% endmacro %}

{# Either, of a whole row's texts or of an attribute's value. #}
{% macro text_damaged(x) -%}
    {%- if 'text_damaged' not in graph -%}{#- asked of each text of each table -#}
        {%- do graph.update({'text_damaged': "(" ~ lost_character(any_item()) ~ " or " ~ masked_name(any_item()) ~ ")"}) -%}
    {%- endif -%}
    {{ return(graph['text_damaged'].replace(any_item(), x)) }}
{%- endmacro %}

{# A name of which a part is hidden: 李＊, 王**, 李某某, 某女, 张○. #}
{% macro masked_name(x) -%}
    {%- set han = '[' ~ _han() ~ ']' -%}
    {{ return(text_has(x, han ~ '[*＊✱×]|[*＊✱×]' ~ han ~ '|[*＊✱×]{2}|^' ~ han ~ '{1,2}某某?$|^某[某男女]$|^' ~ han ~ '{1,3}[' ~ _shapes() ~ ']+$|^' ~ han ~ '[' ~ _shapes() ~ ']+' ~ han ~ '{1,2}$|^[' ~ _shapes() ~ ']+' ~ han ~ '{1,2}$')) }}
{%- endmacro %}

{# Texts that registers write where they have nothing to say. #}
{% macro says_nothing(x) -%}
    {{ return(x ~ " in ('', 'N/A', 'n/a', '#N/A', 'NA', 'NULL', 'null', 'Null', '(null)', '<null>', 'NONE', 'None', 'none', 'NIL', 'nan', 'NaN', 'undefined', '-', '--', '---', '----', '-----', '—', '——', '/', " ~ text_constant('\\N') ~ ", " ~ text_constant('\\n') ~ ", '无', '空', '不详', '未知', '暂无', '未填写', '未填', '没有', '不清楚', '无号', '无号码', '待补', '待定', '待查', '未提供', '未登记', '未采集', '（无）', '(无)')") }}
{%- endmacro %}

{# Characters that show as nothing at all (soft hyphen, zero width, direction marks), and those that show as white space. #}
{% macro _unseen() %}{{ return('\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff') }}{% endmacro %}
{% macro _white() %}{{ return('\u0080-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000') }}{% endmacro %}

{#
    A text as it may be published: half-width, no entities, no outer or doubled white space, no control characters
    (substitute, \x1a, beside a Chinese character is what DB2 and others write for one that they lost: □). `x`: a column. `entities`: whether there may be any; looking for them is most of the work.
#}
{% macro clean_text(x, entities=true) -%}
    {%- if not execute -%}{{ return(x) }}{%- endif -%}{#- code tables are not at hand while dbt parses -#}
    {%- set written = 'clean_text ' ~ entities -%}
    {%- if written not in graph -%}{%- do graph.update({written: _clean_text(any_item(), entities)}) -%}{%- endif -%}
    {{ return(graph[written].replace(any_item(), x)) }}
{%- endmacro %}

{% macro _clean_text(x, entities) -%}
    {%- set text = "cast(" ~ x ~ " as string)" -%}
    {%- set rare = '０-９Ａ-Ｚａ-ｚ&' ~ _unseen() -%}
    {%- set repaired = text_replaced("(" ~ (without_entities(half_width(text)) if entities else half_width(text)) ~ ")", '[' ~ _unseen() ~ ']', '') -%}
    {%- set han = '[' ~ _han() ~ ']' -%}
    {%- set seen = "case when " ~ text_has(text, '[' ~ rare ~ ']') ~ " then " ~ repaired ~ " else " ~ text ~ " end" -%}
    {%- set tidy = "trim(" ~ text_replaced(text_replaced(text_replaced(seen, '(' ~ han ~ ')\\x1a+', '\\1□'), '\\x1a+(' ~ han ~ ')', '□\\1'), '[\\x00-\\x20\\x7f' ~ _white() ~ ']+', ' ') ~ ")" -%}
    {{ return("case when " ~ text_has(text, '[\\x00-\\x1f\\x7f' ~ rare ~ _white() ~ ']|^ | $|  ') ~ " then " ~ with_value(tidy, "case when not " ~ says_nothing('_v') ~ " then _v end")
        ~ " when not " ~ says_nothing(text) ~ " then " ~ text ~ " end") }}
{%- endmacro %}

{#
    Whether any of the texts, side by side, needs `clean_text` or may have lost a character: one look over a whole row,
    since most rows need none.
    What says nothing is looked for item by item: it is too common.
#}
{% macro untidy(texts) -%}
    {{ return(text_has(texts, '[\\x00-\\x1e\\x7f０-９Ａ-Ｚａ-ｚ&' ~ _damage() ~ _unseen() ~ _white() ~ ']|(^|\\x1f) | (\\x1f|$)|  ')) }}
{%- endmacro %}

{# Chinese characters, with extension A and the rare ones beyond U+20000. #}
{% macro _han() %}{{ return('\u3400-\u9fff\U00020000-\U0003ffff') }}{% endmacro %}

{# No white space between Chinese characters: it is written without, and registers use it to fill names of two. #}
{% macro _closed_up(x) -%}
    {{ return("case when " ~ place_in(x, "' '") ~ " > 0 and " ~ text_has(x, '[' ~ _han() ~ ']') ~ " then replace(" ~ x ~ ", ' ', '') else " ~ x ~ " end") }}
{%- endmacro %}

{#
    Characters of names in their one code (GB 18030-2022): GBK had no Unicode for 80 characters and kept them in the private
    use area, so 䶮 comes as U+E863; texts out of PDF have radicals (U+2F00) for characters.
#}
{% macro _one_code(x) -%}
    {%- set made = namespace(others='') -%}
    {%- for code in (range(0xe815, 0xe865) | list) + (range(0x2f00, 0x2fd6) | list) -%}{%- set made.others = made.others ~ ('%c' | format(code)) -%}{%- endfor -%}
    {%- set gbk = '⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻' -%}
    {%- set radicals = '一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日'
        ~ '曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行'
        ~ '衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠' -%}
    {%- set simplified = '⺠民⻁虎⻅见⻆角⻉贝⻋车⻓长⻔门⻘青⻙韦⻚页⻛风⻜飞⻢马⻣骨⻥鱼⻦鸟⻨麦⻩黄⻬齐⻮齿⻰龙⻳龟⺟母' -%}
    {{ return("translate(" ~ composed(x) ~ ", '" ~ made.others ~ simplified[::2] ~ "', '" ~ gbk ~ radicals ~ simplified[1::2] ~ "')") }}
{%- endmacro %}

{#
    姓名: {value, problem}. The middle dot of minority names (U+00B7) comes in many look-alikes. A digit in a name, or a
    character that only one office's computers know (private use), is for the office to look at; the name stays. What has no
    letter at all (a date, a telephone number) is no name. `x`: a column; most names are asked one question.
#}
{% macro name_checked(x) -%}
    {%- set dots = '·•・．.‧･∙⋅●ㆍ﹒。｡' -%}
    {%- set others_han = '\u2e80-\u2fdf\ue815-\ue864\uf900-\ufaff' -%}
    {%- set other_codes = others_han ~ '\u0300-\u036f' -%}
    {%- set private = '\ue000-\ue814\ue865-\uf8ff\U000f0000-\U0010fffd' -%}
    {%- set known = "case when " ~ text_has(x, '[' ~ other_codes ~ ']') ~ " then " ~ _one_code(x) ~ " else " ~ x ~ " end" -%}
    {%- set dotted = "nullif(trim(both '·' from " ~ text_replaced("replace(" ~ known ~ ", ' ', '')", '[' ~ dots ~ ']+', '·') ~ "), '')" -%}
    {%- set name = "case when " ~ text_has(x, '[' ~ _han() ~ others_han ~ ']') ~ " then " ~ dotted ~ " else " ~ known ~ " end" -%}
    {%- set letterless = text_has(x, '^[^\\p{L}' ~ others_han ~ private ~ ']*$') -%}
    {%- set problem = "case when " ~ letterless ~ " then 'name_form' when " ~ text_has(x, '[0-9]') ~ " then 'digits_in_name' when " ~ text_has(x, '[' ~ private ~ ']') ~ " then 'name_private_use' end" -%}
    {{ return("case when " ~ text_has(x, '[- 0-9?？¿﹖*＊×□〓' ~ _shapes() ~ '/_,，;；:：+=#—–' ~ dots ~ other_codes ~ private ~ ']') ~ " then " ~ struct_of([('value', "case when not " ~ letterless ~ " then " ~ name ~ " end"), ('problem', problem)])
        ~ " else " ~ struct_of([('value', x), ('problem', 'cast(null as string)')]) ~ " end") }}
{%- endmacro %}

{% macro clean_name(x) %}{{ return("(" ~ name_checked(x) ~ ").value") }}{% endmacro %}

{# 单位名称: as registered, with half-width brackets. #}
{% macro clean_organisation_name(x) -%}
    {%- set odd = place_in(x, "' '") ~ " > 0 or " ~ place_in(x, "'（'") ~ " > 0 or " ~ place_in(x, "'）'") ~ " > 0" -%}
    {{ return("case when " ~ odd ~ " then replace(replace(" ~ _closed_up(x) ~ ", '（', '('), '）', ')') else " ~ x ~ " end") }}
{%- endmacro %}

{# {value, problem}: null for what has no letter at all (a date, a telephone number). #}
{% macro organisation_name_checked(x) -%}
    {%- set letterless = text_has(x, '^[^\\p{L}]*$') -%}
    {{ return("case when " ~ letterless ~ " then " ~ struct_of([('value', 'cast(null as string)'), ('problem', "'organisation_name_form'")]) ~ " else " ~ struct_of([('value', clean_organisation_name(x)), ('problem', 'cast(null as string)')]) ~ " end") }}
{%- endmacro %}

{# Letters and digits of a number: no white space, hyphens or quotes, upper case. #}
{% macro number_text(x) -%}
    {%- set letters = text_replaced("upper(" ~ x ~ ")", '[\\s\\-‐-―－−_"`‘’“”\\x27]', '') -%}
    {{ return("case when " ~ text_has(x, '[^0-9A-Z]') ~ " then " ~ letters ~ " else " ~ x ~ " end") }}
{%- endmacro %}

{#
    联系电话: 11 digits of a mobile, or area and number of a land line with its extension behind a hyphen; null where it is
    neither. Of several numbers in one field the first counts. Digits are only joined where they stand as one number is
    written (138 0000 0001, 302-9999); what stands behind must be an extension, another number or a remark, each in a
    form of its own, or nothing is understood of the field. A local number of one digit only is a placeholder. `x`: a column.
#}
{% macro phone(x) -%}
    {%- set signs = "translate(" ~ x ~ ", '（）【】－–—―‐_＋＊＃：，、；／～．', '()()------+*#:,,;/~.')" -%}
    {#- A whole number that was a double; a label in front (电话：, (办)); the first of several. -#}
    {%- set bare = text_replaced(text_replaced(signs, '^([0-9]{7,12})[.]0+$', '\\1'), '^([^0-9(+]|[(][^0-9)]*[)])+', '') -%}
    {%- set first = text_found(bare, '^[^/,;|~至或和及&]*') -%}
    {%- set found = namespace(sql=text_replaced(first, '^((1[89]|2[01])[0-9]{2}[-/.年][0-9]{1,2}([-/.月].*)?|20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]))$', '')) -%}
    {%- for form, parts in _phone_forms() -%}{%- set found.sql = text_replaced(found.sql, form, parts) -%}{%- endfor -%}
    {%- set joined = text_replaced("replace(" ~ text_replaced(text_found(found.sql, '^!.*'), '[-! .()]', '') ~ ", '=', '-')", '~([0-9]+)$', '-\\1') -%}
    {%- set other = "nullif(" ~ text_replaced("replace(" ~ joined ~ ", '~', '')", '^(0[0-9]{2,3}-)?(2{7,8}|3{7,8}|4{7,8}|5{7,8}|6{7,8}|7{7,8}|8{7,8})(-.*)?$', '') ~ ", '')" -%}
    {%- set clean_line = text_has(x, '^((010|02[0-9])-[2-8][0-9]{7}|0[3-9][0-9]{2}-[2-8][0-9]{6,7})$') -%}
    {{ return("case when " ~ text_has(x, '^1[3-9][0-9]{9}$') ~ " then " ~ x ~ " when " ~ clean_line ~ " and replace(substr(" ~ x ~ ", 6), substr(" ~ x ~ ", 6, 1), '') <> '' then " ~ x
        ~ " when " ~ x ~ " is not null then " ~ other ~ " end") }}
{%- endmacro %}

{#
    The forms of a telephone number and what is made of each: ! in front, = behind the area (3 digits of 010 and 02x, else
    4), ~ before the extension. What has ! matches no other form.
#}
{% macro _phone_forms() -%}
    {%- set china = '[(]?(?:[+]|00)?86[)]?[- ]*' -%}
    {%- set local, local_of_8 = '([2-8][0-9]{2,3}[- ]?[0-9]{4})', '([2-8][0-9]{3}[- ]?[0-9]{4})' -%}
    {#- Digits of a mobile stand in groups of 3-4-4, 4-3-4, 3-3-5, 5-3-3 or 5-6, or as one. -#}
    {%- set grouped = [] -%}
    {%- for sizes in [(3, 4, 4), (4, 3, 4), (3, 3, 5), (5, 3, 3), (5, 6)] -%}
        {%- set groups = ['1[3-9][0-9]{' ~ (sizes[0] - 2) ~ '}'] -%}
        {%- for size in sizes[1:] -%}{%- do groups.append('[0-9]{' ~ size ~ '}') -%}{%- endfor -%}
        {%- do grouped.append(groups | join('[- .]?')) -%}
    {%- endfor -%}
    {%- set mobile = '(?:' ~ grouped | join('|') ~ ')' -%}
    {%- set han = '[' ~ _han() ~ ']' -%}
    {%- set extension = ' *[(]? *(?:(?:-|总机|转接?|分机号?码?|内[线部]?|按|拨|#|[*]|[eE][xX][tT](?:[eE][nN][sS][iI][oO][nN]|[nN])?[.]?|[xX]) *:? *)+([0-9]{1,6})(?:号|室)?[)]?' -%}
    {%- set another = '[- ]+[(]?[+]?[0-9][0-9() -]{6,}.*' -%}
    {%- set remark = ' *(?:[(]|' ~ han ~ ').*| +[0-9]{1,4}' ~ han ~ '.*' -%}
    {%- set tail = '(?:' ~ extension ~ ')?(?:' ~ another ~ '|' ~ remark ~ ')?[- .]*$' -%}
    {{ return([
        ('^(?:' ~ china ~ ')?0?(' ~ mobile ~ ')' ~ tail, '!\\1~\\2'),
        ('^(?:' ~ china ~ ')?[(]?(010|02[0-9])[)]?[- ]*' ~ local_of_8 ~ tail, '!\\1=\\2~\\3'),
        ('^(?:' ~ china ~ ')?[(]?(0[3-9][0-9]{2})[)]?[- ]*' ~ local ~ tail, '!\\1=\\2~\\3'),
        ('^' ~ china ~ '[(]?(10|2[0-9])[)]?[- ]*' ~ local_of_8 ~ tail, '!0\\1=\\2~\\3'),
        ('^' ~ china ~ '[(]?([3-9][0-9]{2})[)]?[- ]*' ~ local ~ tail, '!0\\1=\\2~\\3'),
        ('^([48]00(?:[- ]?[0-9]){7})' ~ tail, '!\\1~\\2'),
        ('^' ~ local ~ tail, '!\\1~\\2'),
    ]) }}
{%- endmacro %}
