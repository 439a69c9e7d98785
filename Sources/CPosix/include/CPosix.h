#pragma once

#include "CPosixNetwork.h"

#if __has_include("CPosixFiles.h")
#include "CPosixFiles.h"
#endif
