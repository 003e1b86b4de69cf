# Writes OUTPUT, a C file with the text of each profile of PROFILES, so that shipped profiles need no folder at run
# time: cmake -DOUTPUT=x.c -DPROFILES=a.yaml,b.yaml -P embed_profiles.cmake
string(REPLACE "," ";" profiles "${PROFILES}")
set(texts "")
set(rows "")
foreach(profile IN LISTS profiles)
    get_filename_component(name "${profile}" NAME_WE)
    string(MAKE_C_IDENTIFIER "${name}" identifier)
    file(READ "${profile}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(.................................................................................),"
        "\\1,\n    " bytes "${bytes}")
    string(APPEND texts "static const char yaml_${identifier}[] = {\n    ${bytes}\n};\n\n")
    string(APPEND rows "    {\"${name}\", yaml_${identifier}, sizeof yaml_${identifier}},\n")
endforeach()
file(WRITE "${OUTPUT}.new" "#include \"loaders/mapping/profile_priv.h\"\n\n${texts}\
const atp_shipped_profile_t atp_shipped_profiles[] = {\n${rows}};\n\
const size_t atp_shipped_profile_count = sizeof atp_shipped_profiles / sizeof atp_shipped_profiles[0];\n")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
