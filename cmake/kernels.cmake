# SPDX-License-Identifier: Apache-2.0
# The CUDA kernels: one image with machine code for every architecture that the compiler knows of those below, and PTX of
# the lowest for others. Without a compiler the package is installed all the same, with the sources of the kernels.
set(EDGE_CUDA_ARCHITECTURES "" CACHE STRING "Architectures of the CUDA kernels, such as 87; empty for all that are supported")
option(EDGE_CUDA "Compile the CUDA kernels where nvcc is found" ON)

# Each is compiled where nvcc is to be had when the package is installed, or else on the device when it is first used.
set(EDGE_CUDA_SUPPORTED 80 86 87 89 90 101 110 120)
set(EDGE_CUDA_ENTRY ${CMAKE_CURRENT_SOURCE_DIR}/edge/native/cuda/kernels.cu)
file(GLOB EDGE_CUDA_SOURCES CONFIGURE_DEPENDS edge/native/cuda/*.cu edge/native/cuda/*.cuh edge/native/cuda/*.hpp)
set(EDGE_CUDA_SHARED axis bins cell crop finite mask_label odds overlap peak pixel placement pose_points)
list(TRANSFORM EDGE_CUDA_SHARED PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/edge/native/)
list(TRANSFORM EDGE_CUDA_SHARED APPEND .hpp)
install(FILES ${EDGE_CUDA_SOURCES} DESTINATION edge/gpu/source/cuda)
install(FILES ${EDGE_CUDA_SHARED} DESTINATION edge/gpu/source)

find_program(EDGE_NVCC nvcc HINTS "$ENV{CUDA_HOME}/bin" "$ENV{CUDA_PATH}/bin" /usr/local/cuda/bin)
if(NOT EDGE_CUDA OR NOT EDGE_NVCC)
  message(STATUS "CUDA kernels are not compiled: nvcc was not found, or EDGE_CUDA is OFF")
  return()
endif()

# A compiler that refuses this machine's C++ compiler, say, must not stop the installation.
set(EDGE_CUDA_TRIAL ${CMAKE_CURRENT_BINARY_DIR}/trial.cu)
file(WRITE ${EDGE_CUDA_TRIAL} "#include <cuda_fp16.h>\n__global__ void trial() {}\n")
execute_process(
  COMMAND ${EDGE_NVCC} -std=c++17 --cubin -o ${CMAKE_CURRENT_BINARY_DIR}/trial.cubin ${EDGE_CUDA_TRIAL}
  RESULT_VARIABLE EDGE_CUDA_REFUSED ERROR_VARIABLE EDGE_CUDA_REASON OUTPUT_QUIET)
if(EDGE_CUDA_REFUSED)
  message(WARNING "CUDA kernels are not compiled: ${EDGE_NVCC} cannot compile here. ${EDGE_CUDA_REASON}")
  return()
endif()

execute_process(COMMAND ${EDGE_NVCC} --list-gpu-code OUTPUT_VARIABLE EDGE_CUDA_KNOWN)
string(REGEX MATCHALL "sm_[0-9]+" EDGE_CUDA_KNOWN "${EDGE_CUDA_KNOWN}")
if(EDGE_CUDA_ARCHITECTURES)
  set(EDGE_CUDA_BUILT ${EDGE_CUDA_ARCHITECTURES})
else()
  foreach(architecture ${EDGE_CUDA_SUPPORTED})
    if("sm_${architecture}" IN_LIST EDGE_CUDA_KNOWN)
      list(APPEND EDGE_CUDA_BUILT ${architecture})
    endif()
  endforeach()
endif()
list(SORT EDGE_CUDA_BUILT COMPARE NATURAL)
list(GET EDGE_CUDA_BUILT 0 EDGE_CUDA_LOWEST)
foreach(architecture ${EDGE_CUDA_BUILT})
  list(APPEND EDGE_CUDA_CODE -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(APPEND EDGE_CUDA_CODE -gencode arch=compute_${EDGE_CUDA_LOWEST},code=compute_${EDGE_CUDA_LOWEST})

execute_process(COMMAND ${EDGE_NVCC} --version OUTPUT_VARIABLE EDGE_CUDA_VERSION)
string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" EDGE_CUDA_VERSION "${EDGE_CUDA_VERSION}")
set(EDGE_CUDA_VERSION ${CMAKE_MATCH_1})
list(JOIN EDGE_CUDA_BUILT ", " EDGE_CUDA_LIST)
message(STATUS "CUDA kernels: CUDA ${EDGE_CUDA_VERSION}, architectures ${EDGE_CUDA_LIST}")

set(EDGE_CUDA_STRICT $<$<BOOL:${EDGE_WARNINGS_AS_ERRORS}>:-Werror=all-warnings>)
set(EDGE_CUDA_IMAGE ${CMAKE_CURRENT_BINARY_DIR}/kernels.fatbin)
add_custom_command(
  OUTPUT ${EDGE_CUDA_IMAGE}
  COMMAND ${EDGE_NVCC} -std=c++17 -O3 --threads 0 --fatbin ${EDGE_CUDA_CODE} -Xcompiler -Wall,-Wextra ${EDGE_CUDA_STRICT}
          -o ${EDGE_CUDA_IMAGE} ${EDGE_CUDA_ENTRY}
  DEPENDS ${EDGE_CUDA_SOURCES} ${EDGE_CUDA_SHARED}
  COMMENT "Compiling CUDA kernels for ${EDGE_CUDA_LIST}"
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(edge_kernels ALL DEPENDS ${EDGE_CUDA_IMAGE})
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/kernels.json
     "{\"cuda\": \"${EDGE_CUDA_VERSION}\", \"machine_code\": [${EDGE_CUDA_LIST}], \"ptx\": ${EDGE_CUDA_LOWEST}}\n")
install(FILES ${EDGE_CUDA_IMAGE} ${CMAKE_CURRENT_BINARY_DIR}/kernels.json DESTINATION edge/gpu)
