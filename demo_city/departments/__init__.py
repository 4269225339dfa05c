"""The departments: one module each, one function a resource that builds what would be delivered if nothing
were wrong.

A department's vocabulary, spellings and files are known in its module and nowhere else.
"""

from demo_city.departments import (
    civil_affairs,
    education,
    establishment_office,
    health,
    human_resources,
    market_regulation,
    natural_resources,
    public_security,
    tax,
)
from demo_city.register import Register

REGISTERS: list[Register] = [
    register
    for department in (
        public_security, civil_affairs, human_resources, education, health, market_regulation, tax,
        establishment_office, natural_resources,
    )
    for register in department.REGISTERS
]  # fmt: skip
