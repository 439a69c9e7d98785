// The command line of the process, which `import Glibc` does not show.
#pragma once

/// The number of words on the command line, the program's name included.
int cposix_argument_count(void);

/// The words of the command line.
char **cposix_arguments(void);
