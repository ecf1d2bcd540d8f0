from __future__ import annotations

from services.matching import taxonomy


def test_there_are_35_skills_and_33_knowledge_areas() -> None:
    kinds = [skill.kind for skill in taxonomy.skills().values()]
    assert (kinds.count("skill"), kinds.count("knowledge"), len(kinds)) == (35, 33, 68)


def test_a_skill_is_found_by_its_code_with_its_name_and_family() -> None:
    skill = taxonomy.skills()["2.B.1.d"]
    assert (skill.code, skill.name, skill.family) == ("2.B.1.d", "Negotiation", "2.B.1")


def test_an_area_of_knowledge_without_parts_is_a_family_of_its_own() -> None:
    found = taxonomy.skills()
    assert (found["2.C.6"].family, found["2.C.10"].family) == ("2.C.6", "2.C.10")
