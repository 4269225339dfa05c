with {{ stage('health', 'birth_certificate', recorded_at=timestamp_of(item('updatedAt'))) }}

select
    {{ row_columns() }},
    {{ person_key('child_', 'babyIdNo') }},
    {{ clean_name(item('babyName')) }} as child_name,
    {{ decode(item('babySex'), 'sex') }} as child_sex,
    {{ date_of(item('birthTime')) }} as child_birth_date,
    {{ id_number(item('motherIdNo')) }} as child_mother_id_number,
    {{ id_number(item('fatherIdNo')) }} as child_father_id_number,
    {{ person_key('mother_', 'motherIdNo') }},
    {{ clean_name(item('motherName')) }} as mother_name,
    '2' as mother_sex,
    {{ decode(item('motherNation'), 'ethnic_group') }} as mother_ethnic_group,
    {{ person_key('father_', 'fatherIdNo') }},
    {{ clean_name(item('fatherName')) }} as father_name,
    '1' as father_sex,
    {{ certificate_key('local:birth', 'certNo') }},
    'person' as certificate_holder_kind,
    {{ id_number(item('babyIdNo')) }} as certificate_holder_id,
    {{ clean_name(item('babyName')) }} as certificate_holder_name,
    {{ clean_organisation_name(item('issueOrg')) }} as certificate_issuer_name,
    {{ date_of(item('issueDate')) }} as certificate_issue_date,
    {{ date_of(item('issueDate')) }} as certificate_valid_from
from landed
