#pragma once

#include <array>

namespace weir::test {

/// A script that a daemon may find where its program stood, which is not what it should be, and what the daemon says of
/// it.
struct FailingProgram {
  const char* name;
  const char* script;
  const char* problem;
};

/// A step of the hand-over each. The channel takes whole messages, as one write of a shell is. `upgrade_timeout` is
/// 300ms.
inline constexpr std::array kFailingPrograms{
    FailingProgram{"ExitsAtOnce", "exit 3", "the new program exited with status 3"},
    FailingProgram{"ExitsInPeace", "exit 0", "the new program exited with status 0"},
    FailingProgram{"IsKilled", "kill -9 $$", "ended by signal 9"},
    FailingProgram{"Hangs", "exec sleep 60", "was not ready within 300ms (upgrade_timeout)"},
    FailingProgram{"ClosesTheChannelAndHangs", "eval \"exec $WEIR_UPGRADE_FD>&-\"; exec sleep 60", "the new program"},
    FailingProgram{"SaysWhatNobodyUnderstands", "echo gibberish >&$WEIR_UPGRADE_FD; exec sleep 60",
                   "cannot be understood"},
    FailingProgram{"SaysWhy", "echo '{\"step\":\"failed\",\"reason\":\"no moon\"}' >&$WEIR_UPGRADE_FD; exec sleep 60",
                   "no moon"},
    FailingProgram{"SaysOnlyWhatIsNew", "echo '{\"step\":\"newer\"}' >&$WEIR_UPGRADE_FD; exec sleep 60",
                   "upgrade_timeout"},
    FailingProgram{"DiesWhenItIsPrepared", "echo '{\"step\":\"prepared\"}' >&$WEIR_UPGRADE_FD; exit 4",
                   "exited with status 4"},
    FailingProgram{"HangsWhenItIsPrepared", "echo '{\"step\":\"prepared\"}' >&$WEIR_UPGRADE_FD; exec sleep 60",
                   "upgrade_timeout"},
    FailingProgram{"IsNoProgram", "", "the new program exited with status 0"},
};

}  // namespace weir::test
