// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

void register_twins(nanobind::module_ &m);
