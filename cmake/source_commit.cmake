# Writes a source that knows the commit of the sources, if it is not there as it should be:
#
#     cmake -DSOURCE=folder -DOUTPUT=source_commit.cpp [-DCOMMIT=name] -P source_commit.cmake
#
# Where the folder is no checkout, as it is none in a tarball, or stands in that of something else, nothing is known.
if(NOT COMMIT)
  execute_process(COMMAND git -C ${SOURCE} rev-parse --show-toplevel
                  OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  file(REAL_PATH ${SOURCE} folder)
  if(NOT failed AND top STREQUAL folder)
    execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
                    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    # Files that were only touched are no change, which status finds out and other commands do not.
    execute_process(COMMAND git --no-optional-locks -C ${SOURCE} status --porcelain --untracked-files=no
                    OUTPUT_VARIABLE changes ERROR_QUIET)
    if(COMMIT AND changes)
      string(APPEND COMMIT "+changes")
    endif()
  endif()
endif()

set(text "// Written by CMake.
#include \"common/build_info.hpp\"

std::string_view weir::source_commit() { return \"${COMMIT}\"; }
")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
