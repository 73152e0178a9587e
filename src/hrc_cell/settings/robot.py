"""The arm, its motors and its named poses. Shapes, masses and joint limits stand in the URDF."""

from dataclasses import dataclass

from hrc_cell.settings.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Where the arm stands: pose of its base link in the cell frame."""

    x_m: float = setting("base position", unit="m", low=-50.0, high=50.0)
    y_m: float = setting("base position", unit="m", low=-50.0, high=50.0)
    z_m: float = setting("base height over the floor", unit="m", low=0.0, high=3.0)
    yaw_rad: float = setting("base heading", unit="rad", low=-3.15, high=3.15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motor:
    """One motor on the bus."""

    joint: str = setting("joint of the URDF that it drives")
    motor_id: int = setting("ID on the bus", low=0, high=252, source="DYNAMIXEL Protocol 2.0")
    reversed: bool = setting("positive motor counts turn the joint the negative way", default=False)
    zero_counts: int = setting(
        "Present Position where the joint is at 0", unit="counts", low=0, high=4095, default=2048
    )
    release_on_stop: bool = setting(
        "its torque is taken in stops of category 0 and 1; false: it would fall, so it is held",
        default=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gripper:
    """The gripper joint."""

    open_rad: float = setting("joint position when open", unit="rad", low=-6.3, high=6.3)
    closed_rad: float = setting("joint position when closed", unit="rad", low=-6.3, high=6.3)
    velocity_radps: float = setting("speed of opening", unit="rad/s", low=0.01, high=10.0)
    current_max_a: float = setting("current when gripping", unit="A", low=0.01, high=5.0)
    squeeze_max_rad: float = setting(
        "how far beyond what the fingers hold their goal may lie, at full effort",
        unit="rad", low=0.01, high=1.0,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotSettings:
    """The arm as this cell has it."""

    description: str = setting("xacro or URDF file, in urdf/ or beside cell.yaml")
    mount: Mount = setting("where it stands")
    arm: tuple[Motor, ...] = setting("motors of the arm, base first")
    hand: Motor = setting("motor of the gripper")
    gripper: Gripper = setting("the gripper")
    payload_max_kg: float = setting(
        "heaviest load that it ever carries; a load that is not known counts as this", unit="kg",
        low=0.0, high=50.0, source="arm and motor data sheet",
    )  # fmt: skip
    poses: dict[str, tuple[float, ...]] = setting(
        "named joint positions, base first", unit="rad", low=-6.3, high=6.3
    )

    def __post_init__(self) -> None:
        motors = (*self.arm, self.hand)
        for what, values in (
            ("joint", [m.joint for m in motors]),
            ("motor_id", [str(m.motor_id) for m in motors]),
        ):
            double = sorted({v for v in values if values.count(v) > 1})
            if double:
                raise ValueError(f"{what} {', '.join(double)} stands more than once")
        for name, pose in self.poses.items():
            if len(pose) != len(self.arm):
                raise ValueError(f"pose {name!r} has {len(pose)} values, the arm {len(self.arm)}")

    @property
    def joints(self) -> tuple[str, ...]:
        """Return the joints in the order of all messages: arm, then gripper."""
        return (*(m.joint for m in self.arm), self.hand.joint)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSettings:
    """How briskly the arm may be planned. The permit only ever takes from this."""

    tcp_speed_max_mps: float = setting(
        "no point of the arm is planned faster", unit="m/s", low=0.01, high=3.0
    )
    velocity_max_radps: tuple[float, ...] = setting(
        "per joint, base first; never above the URDF's", unit="rad/s", low=0.01, high=10.0
    )
    acceleration_max_radps2: tuple[float, ...] = setting(
        "per joint", unit="rad/s2", low=0.1, high=100.0
    )
    jerk_max_radps3: tuple[float, ...] = setting("per joint", unit="rad/s3", low=1.0, high=5000.0)
    stop_deceleration_radps2: tuple[float, ...] = setting(
        "per joint, when stopping on the path", unit="rad/s2", low=0.1, high=100.0
    )
    stop_jerk_radps3: tuple[float, ...] = setting(
        "per joint, when stopping on the path", unit="rad/s3", low=1.0, high=5000.0
    )
    rate_hz: float = setting("goals per second", unit="Hz", low=20.0, high=1000.0)
    rejoin_velocity_radps: float = setting(
        "per joint, back to the path after a push", unit="rad/s", low=0.005, high=1.0
    )
    corridor_rad: float = setting(
        "a joint farther than this off the path announced: the arm counts as anywhere", unit="rad",
        low=0.001, high=0.2,
    )  # fmt: skip
    following_error_max_rad: float = setting(
        "goal minus measured, above it the path is held", unit="rad", low=0.005, high=1.0
    )


PROTOCOLS = ("dynamixel", "feetech_sts")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusSettings:
    """The serial bus and the last gate before the motors."""

    port: str = setting("device, or sim for the simulated cell's port")
    protocol: str = setting(
        "what the motors speak; those of Feetech have no Bus Watchdog (docs/motors.md)",
        choices=PROTOCOLS, default="dynamixel",
    )  # fmt: skip
    baud: int = setting("baud rate", unit="baud", low=9600, high=4_000_000)
    rate_hz: float = setting("cycles per second", unit="Hz", low=10.0, high=1000.0)
    goal_lifetime_s: float = setting("a goal older than this is void", unit="s", low=0.02, high=0.5)
    reply_margin_s: float = setting(
        "time for a reply beyond wire time", unit="s", low=0.0005, high=0.1
    )
    watchdog_s: float = setting(
        "the motors' own Bus Watchdog, in steps of 20 ms", unit="s", low=0.02, high=2.54
    )
    stop_deceleration_radps2: float = setting(
        "with which the gate itself brings a joint to rest", unit="rad/s2", low=0.1, high=200.0
    )
    velocity_max_radps: float = setting(
        "no goal moves a joint faster", unit="rad/s", low=0.05, high=10.0
    )
    rejoin_rad: float = setting(
        "after a hold, goals must begin this close to the held position",
        unit="rad", low=0.001, high=0.5,
    )  # fmt: skip
    lost_cycles_max: int = setting(
        "silent cycles of a motor until the bus stops all", low=1, high=100
    )
