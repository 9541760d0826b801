#!/usr/bin/env python3
"""Makes pii-phones.toml from libphonenumber's metadata: python3 pii-phones.py > pii-phones.toml

Needs the package `phonenumbers` (Apache-2.0, generated from Google's libphonenumber).
"""
import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

EUROPE = "AD AL AT BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GE GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM TR UA VA XK".split()
KINDS = "fixed_line mobile toll_free premium_rate shared_cost voip uan personal_number".split()

print("# Made by pii-phones.py; see pii.md.")
print(f'source = "libphonenumber metadata, phonenumbers {phonenumbers.__version__}, Apache-2.0"')
# By country code; of regions that share one the main country comes first.
codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items())
for region in (region for _, regions in codes for region in regions if region != "001"):
    data = PhoneMetadata.metadata_for_region(region)
    pattern = data.general_desc.national_number_pattern
    if region in EUROPE:
        kinds = [getattr(data, kind) for kind in KINDS]
        found = {k.national_number_pattern for k in kinds if k and k.national_number_pattern}
        pattern = "|".join(sorted(found, key=lambda p: (len(p), p)))
    trunk = data.national_prefix or ""
    print("\n[[region]]")
    print(f'country = "{region.lower()}"')
    print(f"code = {data.country_code}")
    if trunk:
        print(f'trunk = "{trunk}"')
    print(f"pattern = '{pattern}'")
