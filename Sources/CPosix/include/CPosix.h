#pragma once

#include "CPosixFiles.h"
#include "CPosixNetwork.h"
#include "CPosixProcess.h"
