#include "tools/atp/cli.h"

int main(int argc, char **argv)
{
    return atp_cli_run(argc, argv);
}
