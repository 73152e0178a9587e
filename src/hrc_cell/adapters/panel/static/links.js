// The robot as the cell describes it: a tree of links, each turned or moved by its motor's angle, and
// around them the capsules that the monitor judges by.

import { Group, Matrix4, Quaternion, Vector3 } from "./vendor/three.module.min.js";
import { Capsule, place, shape } from "./shapes.js";

export class Robot extends Group {
  constructor(model, { body, shell, binding, old }) {
    super();
    this.materials = { body, shell, binding, old };
    this.links = new Map();
    this.bodies = [];
    this.moved = [];
    for (const link of model.links) this.hang(link);
    this.shells = new Map(model.capsules.map(({ name, link, start, end, radius }) => {
      const one = new Capsule(shell).set(start, end, radius);
      this.links.get(link).add(one);
      return [name, one];
    }));
    this.tool = this.links.get(model.tool);
  }

  hang(link) {
    const one = place(new Group(), link.pose);
    for (const each of link.shapes) this.bodies.push(shape(each, this.materials.body));
    if (link.shapes.length > 0) one.add(...this.bodies.slice(-link.shapes.length));
    this.links.set(link.name, one);
    (this.links.get(link.above) ?? this).add(one);
    if (link.motor) this.moved.push({ ...link, one, axis: new Vector3(...link.axis), rest: new Matrix4().set(...link.pose) });
  }

  // Returns whether every angle is known; else the robot stays where it was.
  pose(angles) {
    const values = this.moved.map(({ motor, scale, shift }) => (Number.isFinite(angles[motor]) ? scale * angles[motor] + shift : NaN));
    if (values.some(Number.isNaN)) return false;
    this.moved.forEach(({ one, kind, axis, rest }, i) => {
      rest.decompose(one.position, one.quaternion, one.scale);
      if (kind === "prismatic") one.translateOnAxis(axis, values[i]);
      else one.quaternion.multiply(new Quaternion().setFromAxisAngle(axis, values[i]));
    });
    this.updateMatrixWorld(true);
    return true;
  }

  // Shows which link binds, "" for none; with old angles the robot is grey and has no shells.
  dress(isOld, binding) {
    const { body, shell, binding: bound, old } = this.materials;
    for (const one of this.bodies) one.material = isOld ? old : body;
    for (const [name, one] of this.shells) {
      one.visible = !isOld;
      one.material = name === binding ? bound : shell;
    }
  }
}
