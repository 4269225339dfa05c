with {{ stage('health', 'birth_certificate', recorded_at=timestamp_of(item('updatedAt'))) }}

select
    {{ row_columns() }},
    {{ person_key('child_', 'babyIdNo') }},
    {{ item('babyName') }} as child_name,
    {{ item('babySex') }} as child_sex,
    {{ item('birthTime') }} as child_birth_date,
    {{ item('motherIdNo') }} as child_mother_id_number,
    {{ item('fatherIdNo') }} as child_father_id_number,
    {{ person_key('mother_', 'motherIdNo') }},
    {{ item('motherName') }} as mother_name,
    '2' as mother_sex,
    {{ item('motherNation') }} as mother_ethnic_group,
    {{ person_key('father_', 'fatherIdNo') }},
    {{ item('fatherName') }} as father_name,
    '1' as father_sex,
    {{ certificate_key('local:birth', 'certNo') }},
    'person' as certificate_holder_kind,
    {{ item('babyIdNo') }} as certificate_holder_id,
    {{ item('babyName') }} as certificate_holder_name,
    {{ item('issueOrg') }} as certificate_issuer_name,
    {{ item('issueDate') }} as certificate_issue_date,
    {{ item('issueDate') }} as certificate_valid_from
from landed
