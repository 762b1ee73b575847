# Source this in bash to use Thermoscout's environment: source scripts/env.sh
# It needs no arguments, says nothing when all is well, and may be sourced again.

_thermoscout_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
_thermoscout_venv="$_thermoscout_root/.venv"
_thermoscout_install="$_thermoscout_root/.ros/install"

# Puts a folder at the front of a list of folders, once: _thermoscout_prepend VARIABLE FOLDER
_thermoscout_prepend() {
    case ":${!1}:" in
        *":$2:"*) ;;
        *) export "$1=$2${!1:+:${!1}}" ;;
    esac
}

if [ ! -f "$_thermoscout_install/local_setup.bash" ]; then
    echo "Thermoscout is not set up in $_thermoscout_root: run 'make setup' there" >&2
    return 1
fi

if [ -d "$_thermoscout_venv/share/rclpy" ]; then
    # The private ROS 2: the virtual environment is the installation prefix.
    _thermoscout_prepend AMENT_PREFIX_PATH "$_thermoscout_venv"
    _thermoscout_prepend CMAKE_PREFIX_PATH "$_thermoscout_venv"
    # The wheels start every Python a second time to set these two, unless they are set.
    for _thermoscout_libs in "$_thermoscout_venv"/lib/python3*/site-packages/ros_*.libs; do
        [ -d "$_thermoscout_libs" ] && _thermoscout_prepend LD_LIBRARY_PATH "$_thermoscout_libs"
    done
    _thermoscout_prepend LD_LIBRARY_PATH "$_thermoscout_venv/lib"
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=jazzy
    export RMW_IMPLEMENTATION=rmw_fastrtps_cpp
elif [ -z "$AMENT_PREFIX_PATH" ]; then
    echo "Thermoscout was set up on the ROS 2 of this machine: source that first" \
        "(source /opt/ros/<distribution>/setup.bash)" >&2
    return 1
fi

# Containers often set this; without kept byte code each start of a node compiles its imports anew.
unset PYTHONDONTWRITEBYTECODE

_thermoscout_prepend PATH "$_thermoscout_venv/bin"
export VIRTUAL_ENV="$_thermoscout_venv"
# shellcheck disable=SC1091
source "$_thermoscout_install/local_setup.bash"

unset _thermoscout_root _thermoscout_venv _thermoscout_install _thermoscout_libs
unset -f _thermoscout_prepend
