// What the process was started with, as `import Glibc` does not show it.
#pragma once

/// How many words the command line has, the program's name included.
int cposix_argument_count(void);

/// The words of the command line.
char **cposix_arguments(void);
