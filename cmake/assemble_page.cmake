# Puts a page together from its frame, its style and its scripts, in the order of their names in SCRIPTS:
#
#     cmake -DFOLDER=client/report/page "-DSCRIPTS=words build …" -DOUTPUT=page.html -P assemble_page.cmake
#
# The frame has {{style}}, {{script}} and {{policy}}; the policy allows the page what stands in it, by its hash, and
# nothing else (Content Security Policy, level 3).

# The base64 of a SHA-256 that is given in hexadecimal (RFC 4648). Its 32 bytes are ten groups of three, and two.
function(base64_of_sha256 hex result)
  set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(APPEND hex "00")
  set(text "")
  foreach(group RANGE 0 10)
    math(EXPR at "${group} * 6")
    string(SUBSTRING ${hex} ${at} 6 three)
    foreach(shift 18 12 6 0)
      math(EXPR digit "(0x${three} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${digit} 1 letter)
      string(APPEND text ${letter})
    endforeach()
  endforeach()
  string(REGEX REPLACE ".$" "=" text ${text})
  set(${result} ${text} PARENT_SCOPE)
endfunction()

file(READ ${FOLDER}/page.html page)
file(READ ${FOLDER}/style.css style)
set(script "\n'use strict';\n")
separate_arguments(SCRIPTS)
foreach(name IN LISTS SCRIPTS)
  file(READ ${FOLDER}/${name}.js text)
  string(APPEND script "\n" "${text}")
endforeach()

string(SHA256 hash "${style}")
base64_of_sha256(${hash} style_hash)
string(SHA256 hash "${script}")
base64_of_sha256(${hash} script_hash)
set(policy "default-src 'none'; style-src 'sha256-${style_hash}'; script-src 'sha256-${script_hash}'; img-src data:; \
base-uri 'none'; form-action 'none'")

string(REPLACE "{{policy}}" "${policy}" page "${page}")
string(REPLACE "{{style}}" "${style}" page "${page}")
string(REPLACE "{{script}}" "${script}" page "${page}")
file(WRITE ${OUTPUT} "${page}")
