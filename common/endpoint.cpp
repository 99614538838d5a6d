#include "common/endpoint.hpp"
