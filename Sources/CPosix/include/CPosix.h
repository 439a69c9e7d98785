#pragma once

#if __has_include("CPosixNetwork.h")
#include "CPosixNetwork.h"
#endif

#if __has_include("CPosixFiles.h")
#include "CPosixFiles.h"
#endif
