// SPDX-License-Identifier: Apache-2.0
#include "twin_bindings.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <string>

#include "axis.hpp"
#include "twins.hpp"

namespace nb = nanobind;

namespace {

void run_kernel_twin(const std::string &name, const nb::bytes &args) {
  const edge::Twin *twin = edge::find_twin(name);
  if (twin == nullptr) throw nb::value_error(("there is no kernel \"" + name + "\"").c_str());
  if (args.size() != twin->parameter_bytes) {
    const std::string expected = std::to_string(twin->parameter_bytes), given = std::to_string(args.size());
    throw nb::value_error(("the parameter of " + name + " has " + expected + " bytes, got " + given).c_str());
  }
  const void *parameter = args.data();
  nb::gil_scoped_release release;
  twin->run(parameter);
}

std::map<std::string, std::size_t> kernel_parameter_bytes() {
  std::map<std::string, std::size_t> bytes;
  for (const edge::Twin &twin : edge::twins()) bytes[twin.kernel] = twin.parameter_bytes;
  return bytes;
}

nb::bytes warp_axis(double scale, double origin, int source_length) {
  const bool sound = std::abs(scale) <= edge::kMaxSamples && std::abs(origin) <= 1 << 30 && source_length >= 1 &&
                     source_length <= 1 << 20;
  if (!sound) throw nb::value_error("scale must be within 256, origin within 2**30, source_length 1 to 2**20");
  const edge::Axis axis = edge::axis_along(scale, origin, source_length);
  return nb::bytes(&axis, sizeof axis);
}

}  // namespace

void register_twins(nb::module_ &m) {
  using namespace nb::literals;
  m.def("run_kernel_twin", &run_kernel_twin, "name"_a, "args"_a);
  m.def("kernel_parameter_bytes", &kernel_parameter_bytes);
  m.def("warp_axis", &warp_axis, "scale"_a, "origin"_a, "source_length"_a);
}
