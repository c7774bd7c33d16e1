// gotap: a tracer for running Go programs. Everything of interest starts in cli/run.cc.
#include "cli/run.h"

int main(int argc, char** argv) { return gotap::cli::run(argc, argv); }
